"""A rebuild from outside: live changes reach both collections, a kill loses nothing, and there is a way back.

These tests prove docs/invariants.md#7 and docs/invariants.md#8.
"""

from __future__ import annotations

import json
import threading
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.running_stack import RunningStack, running_stack
from tests.support.waiting import STILL_S

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEMS = 1_500
"""Enough items for a kill half way."""
FEW = 300
PRICED = 100
PRICES = count(1_000)
"""The prices, which are also the versions of the changes: they rise from feed to feed."""


class Feed:
    """Changes prices until the end of the block, and knows the last price of each item."""

    items = "p"
    """The beginning of their ids."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.prices: dict[str, int] = {}

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            price = next(PRICES)
            product_id = f"{self.items}{price % PRICED}"
            self._send(product_id, price)
            self.prices[product_id] = price

    def _send(self, product_id: str, price: int) -> None:
        self._stack.send("prices", product_id, price=price, currency="EUR", version=price)


class TextFeed(Feed):
    """Changes a title with every price, of other items."""

    items = "t"

    def _send(self, product_id: str, price: int) -> None:
        super()._send(product_id, price)
        self._stack.send("products", product_id, title=f"Almond tart {price} of {product_id}", version=price)


class Searches:
    """Searches until the end of the block, and keeps the answers."""

    def __init__(self, stack: RunningStack) -> None:
        self._http = httpx.Client(base_url=stack.api, timeout=STILL_S, trust_env=False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers: list[tuple[int, int]] = []
        """The (status, number of items found) of each answer."""

    def __enter__(self) -> Searches:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._http.close()

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            # In an order of its own all that is found is counted, and not the first two hundred of each ranking.
            answer = self._http.get("/search", params={"q": "almond tart", "limit": 1, "sort": "rating"})
            self.answers.append((answer.status_code, answer.json().get("total", 0)))


def check_all(stack: RunningStack, prices: dict[str, int]) -> None:
    stack.until_quiet()
    wrong = {p: price for p, price in prices.items() if stack.item(p)["price"] != price}
    assert not wrong
    assert stack.get("/search", brand="Baker", limit=1)["total"] == ITEMS


def serves(stack: RunningStack, model: str) -> bool:
    return bool(stack.get("/status")["index"]["model"] == model)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack for several tests, each with items of its own."""
    with running_stack(tmp_path_factory.mktemp("rebuild")) as running:
        yield running


@pytest.fixture(scope="module")
def one_item(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack with the installed model and one item."""
    env = {"FRESHLINE_EMBEDDER": "model", "HF_HUB_OFFLINE": "1"}
    with running_stack(tmp_path_factory.mktemp("one-item"), **env) as stack:
        stack.send("products", "p0", title="Walnut cake")
        stack.until_quiet()
        yield stack


def test_every_search_is_answered_while_prices_and_texts_change_and_what_did_not_change_keeps_its_times(
    stack: RunningStack,
) -> None:
    for n in range(FEW):
        stack.send_soon("products", f"t{n}", title=f"Almond tart number {n}", version=1)
    stack.producer.flush()
    stack.until_quiet()
    unchanged = f"t{FEW - 1}"
    before = stack.item(unchanged)["searchable_at"]
    with Searches(stack) as searches, TextFeed(stack) as feed:
        stack.until(lambda: len(searches.answers) > 5 and len(feed.prices) > 5, "searches and changes flow")
        assert stack.freshline("rebuild", "--model", "another", "--json").code == 0
        then = len(searches.answers)
        stack.until(lambda: len(searches.answers) > then + 20, "searches go on after the switch")
    assert serves(stack, "another")
    assert set(searches.answers) == {(200, FEW)}
    assert stack.item(unchanged)["searchable_at"] == before
    stack.until_quiet()
    for product_id, price in feed.prices.items():
        item = stack.item(product_id)
        assert item["price"] == price and item["title"] == f"Almond tart {price} of {product_id}"


def test_a_rebuild_that_is_killed_half_way_goes_on_takes_live_changes_and_can_be_taken_back(
    stack: RunningStack,
) -> None:
    for n in range(ITEMS):
        stack.send_soon("products", f"p{n}", title=f"Walnut cake number {n}", brand="Baker", version=1)
    stack.producer.flush()
    stack.until_quiet()
    for key in (b"p3", b"\xff"):
        stack.producer.send("items", key=key, value=b"a foreign record")
    stack.producer.flush()
    stack.until_quiet()
    before = stack.get("/status")["index"]["collection"]

    with Feed(stack) as feed:
        asked = stack.start_freshline("rebuild", "--model", "other", "--json")
        stack.until(
            lambda: asked.poll() is not None or bool(stack.get("/rebuild")["phase"] == "filling"),
            "the new collection is being filled",
        )
        assert asked.poll() is None, asked.communicate()
        second = stack.http.post("/rebuild")
        stack.kill("index")
        assert second.status_code == 409 and "a rebuild runs already" in second.text
        stack.until(lambda: stack.http.get("/rebuild").is_success, "the next process goes on with it")
        stack.until(lambda: serves(stack, "other"), "the new collection serves")
        out, _ = asked.communicate()
    assert asked.returncode == 0 and json.loads(out)["model"] == "other"
    check_all(stack, feed.prices)
    after = stack.get("/status")["index"]
    assert after["collection"] != before and after["previous"] == before

    with Feed(stack) as feed:
        stack.until(lambda: len(feed.prices) > 50, "prices change after the switch")
    back = stack.freshline("rebuild", "--rollback", "--json")
    assert json.loads(back.out) == {"collection": before, "before": after["collection"]}
    check_all(stack, feed.prices)

    assert json.loads(stack.freshline("rebuild", "--finish", "--json").out) == {"dropped": after["collection"]}
    for step in ("--rollback", "--finish"):
        refused = stack.freshline("rebuild", step)
        assert refused.code == 1 and len(refused.err.splitlines()) == 1
        assert "there is nothing to" in refused.err
    check_all(stack, feed.prices)


def test_a_model_that_cannot_be_loaded_is_refused_in_one_line_and_nothing_changes(one_item: RunningStack) -> None:
    before = one_item.get("/status")["index"]
    refused = one_item.freshline("rebuild", "--model", "no-such-model")
    assert refused.code == 1 and len(refused.err.splitlines()) == 1
    assert "There is no model 'no-such-model'" in refused.err
    after = one_item.get("/status")["index"]
    assert (after["collection"], after["previous"]) == (before["collection"], before["previous"])
    cost = json.loads(one_item.freshline("rebuild", "--dry-run", "--json").out)
    assert (cost["items"], cost["vectors_reused"], cost["vectors_to_embed"]) == (1, 1, 0)
    assert one_item.get("/rebuild")["result"]["dry_run"] is True


def test_a_catalogue_of_one_item_most_of_whose_partitions_are_empty_is_rebuilt(one_item: RunningStack) -> None:
    done = one_item.freshline("rebuild", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["items"] == 1
