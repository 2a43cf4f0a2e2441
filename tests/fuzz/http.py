"""HTTP on a running stack: requests that the API's description allows, and others. No answer is a bug's.

The stack has taken the random records of the same round, so that answers show what they left in the index.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from tests.fuzz.records import PRODUCT_ID, records
from tests.support.running_stack import RunningStack, running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.records import Raw

REQUESTS = 40
"""The most requests of each route and each mode in one round."""
RECORDS = 50
WAIT_MS_MAX = 20
"""The longest wait for an event that may never come; the API would allow 30 seconds."""
ENDLESS = ["/events"]
"""Routes whose answers are streams without an end."""
BUG = 500
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
SHORT = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


@contextmanager
def fuzzed_stack() -> Iterator[RunningStack]:
    """Run a stack with two good items, in two currencies."""
    with TemporaryDirectory(prefix="freshline-fuzz-") as folder, running_stack(Path(folder)) as stack:
        for product_id, currency in (("good", "EUR"), ("other", "JPY")):
            stack.send("products", product_id, title="Walnut cake")
            stack.send("prices", product_id, price=5, currency=currency)
        stack.until_quiet()
        yield stack


def check_http(stack: RunningStack, number: int) -> None:
    """Send the records and the requests of this seed. Raises AssertionError with the request that met a bug."""
    _send_records(stack, number)
    schema = schemathesis.openapi.from_url(f"{stack.api}/openapi.json").exclude(path=ENDLESS)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), f"a route that no tool can read: {found}"
        for mode in MODES:
            strategy: st.SearchStrategy[Any] = found.ok().as_strategy(generation_mode=mode)
            with suppress(Unsatisfiable):  # Nothing is wrong to ask of a route without parameters.
                seed(number)(settings(SHORT, max_examples=REQUESTS)(given(strategy)(_call)))()
    hits = stack.get("/search", q="walnut cake", limit=100)["hits"]
    assert {"good", "other"} <= {hit["product_id"] for hit in hits}


def _send_records(stack: RunningStack, number: int) -> None:
    """Send the records that broker and worker take for events of now, and wait until each is searchable or refused."""

    def send(raw: Raw) -> None:
        stack.producer.send(raw.topic, key=raw.key or PRODUCT_ID.encode(), value=raw.value)

    seed(number)(settings(SHORT, max_examples=RECORDS)(given(records)(send)))()
    stack.producer.flush()
    stack.until_quiet()


def _call(case: Any) -> None:
    if "wait_ms" in (case.query or {}) and str(case.query["wait_ms"]).isdecimal():
        case.query["wait_ms"] = min(int(case.query["wait_ms"]), WAIT_MS_MAX)
    answer = case.call()
    assert answer.status_code != BUG, f"{case.as_curl_command()}: {answer.text}"


ANY_TEXT = st.text(max_size=30)
"""The texts that people type. The description allows any text, and a generator of schemas tries mostly plain ones."""


def check_queries(stack: RunningStack, number: int) -> None:
    """Search for random texts on both pages. Raises AssertionError with the one that met a bug."""

    def search(text: str) -> None:
        for path in ("/search", "/"):
            answer = stack.http.get(path, params={"q": text})
            assert answer.status_code != BUG, f"{path}, {text!r}: {answer.text}"

    seed(number)(settings(SHORT, max_examples=4 * REQUESTS)(given(ANY_TEXT)(search)))()
