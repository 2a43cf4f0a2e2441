"""Faults of several workers on a Qdrant server, and faults of that server."""

from __future__ import annotations

import time
from operator import itemgetter
from typing import TYPE_CHECKING

from stream.kafka.partitions import partition_of
from tests.faults.api import Failed, wait_for
from tests.faults.scenario import SETTLES_SECONDS, Run, Scenario
from tests.faults.server_stack import SERVER_URL, WORKERS, ServerStack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.events import Made

    Fault = Callable[[Run[ServerStack]], None]

AWAY_SECONDS = 20.0
AWAY_AT_START_SECONDS = 45.0
"""The longest that a worker takes to its first request, most of it on a busy machine."""
COMES_SECONDS = 15.0
FLOW_SECONDS = 10.0
DELAY_SECONDS = 0.3
SAMPLE = 40
PROBES = 6
"""The number of probes, which gives some to each partition."""
TOKEN_WAIT_MS = 15_000
WRITES_MAX = 10


def come_and_go(run: Run[ServerStack]) -> None:
    """Start and stop a third index worker and a third items worker, twice, under changes."""
    for _ in range(2):
        run.stack.start_index(WORKERS)
        run.stack.start_items(WORKERS)
        time.sleep(COMES_SECONDS)
        run.stack.indexers[WORKERS].stop()
        run.stack.items[WORKERS].stop()
        time.sleep(COMES_SECONDS)


def more_than_partitions(run: Run[ServerStack]) -> None:
    """Start more index workers than partitions: one has no partition, and answers all the same."""
    slots = range(WORKERS, run.stack.partitions + 1)
    for slot in slots:
        run.stack.start_index(slot)
    run.stack.until_ready()
    time.sleep(FLOW_SECONDS)
    run.feed.stop()
    run.stack.quiet()
    if differ := every_api_agrees(run):
        raise Failed("; ".join(differ))
    for slot in slots:
        run.stack.indexers[slot].stop()


def workers_killed(run: Run[ServerStack]) -> None:
    """Send SIGKILL to an index worker, then to an items worker; each is started again.

    On the embedded broker a worker is started only after its group has found out: a group whose leader dies while
    another worker joins waits for that leader forever.
    """
    for worker in (run.stack.indexers[0], run.stack.items[0]):
        if run.broker == "embedded":
            worker.kill_for(run.rng.uniform(*SETTLES_SECONDS[run.broker]))
        else:
            worker.kill()
        run.pause(5, 8)
    run.stack.until_ready()


def index_frozen(run: Run[ServerStack]) -> None:
    """Freeze an index worker in a write until another has its partitions, then wake it, so that it writes late."""
    frozen = run.stack.indexers[1]
    with frozen.frozen_at("before-write-to-server", run.rng.randint(1, WRITES_MAX)) as frozen_at_s:
        run.until_taken_over(frozen_at_s)
        run.pause(1, 2)  # What it has in hand is not the newest any more.
    run.pause(8, 10)
    run.stack.until_ready()


def away(run: Run[ServerStack]) -> None:
    """Stop the server: /readyz says so, searches are refused with 503, and the process lives."""
    run.stack.front(away_seconds=AWAY_SECONDS)
    http = run.stack.http
    wait_for(lambda: http.get("/readyz").status_code == 503, "/readyz says that the server is away")
    said = http.get("/readyz").json()["error"]["message"]
    refused = http.get("/search", params={"q": "cake"})
    lives = http.get("/livez").status_code
    if "Qdrant" not in said or (refused.status_code, refused.headers.get("retry-after"), lives) != (503, "1", 200):
        raise Failed(f"while the server is away: /readyz {said!r}, /search {refused.text!r}, /livez {lives}")
    run.stack.until_ready()


def away_at_start(run: Run[ServerStack]) -> None:
    """Start a worker while the server is away: it ends with one line, again and again, until the server is back."""
    run.stack.indexers[1].stop()
    run.stack.ended.clear()
    run.stack.front(away_seconds=AWAY_AT_START_SECONDS)
    run.stack.start_index(1)
    ended = run.stack.ended
    wait_for(lambda: any(each.name == "index-1" for each in ended), "the index worker ends", AWAY_AT_START_SECONDS)
    first = next(each for each in ended if each.name == "index-1")
    if first.code != 1 or "Qdrant server" not in first.said:
        raise Failed(f"it should have ended with 1 and a line about the Qdrant server: {first}")
    run.stack.until_ready()


def at_fault(**faults: float) -> Fault:
    """Let the server work badly in this way for a while."""

    def fault(run: Run[ServerStack]) -> None:
        run.stack.front(**faults)
        time.sleep(2 * FLOW_SECONDS)
        run.stack.front()

    return fault


def wiped(run: Run[ServerStack]) -> None:
    """Bring the server back with an empty disk, under changes; the workers fill it again."""
    run.stack.ended.clear()
    run.stack.wipe()
    run.watch.start(index_is_new=True)
    wait_for(lambda: run.stack.ended, "a worker finds out")
    run.stack.until_ready()


def wiped_quiet(run: Run[ServerStack]) -> None:
    """Wipe the server while nothing changes, so that no write finds out."""
    run.feed.stop()
    run.stack.quiet()
    wiped(run)


def holds_on_a_server(run: Run[ServerStack]) -> list[str]:
    """Check what must hold of several workers; return a sentence for each failure."""
    tracebacks = [f"a traceback in the log of {name}" for name in run.stack.tracebacks()]
    return [*every_api_agrees(run), *tokens_are_answered_everywhere(run), *tracebacks]


def every_api_agrees(run: Run[ServerStack]) -> list[str]:
    """Compare the answers of all APIs for some items, once nothing changes."""
    product_ids = run.rng.sample(run.watch.product_ids, min(SAMPLE, len(run.watch.product_ids)))
    shown = {product_id: [api.indexed(product_id) for api in run.stack.apis] for product_id in product_ids}
    return [
        f"the APIs disagree on {product_id}: {each!r:.500}"
        for product_id, each in shown.items()
        if any(one != each[0] for one in each)
    ]


def tokens_are_answered_everywhere(run: Run[ServerStack]) -> list[str]:
    """Check that every API answers tokens of every partition, assigned or not, and then shows the event."""
    # New products: of another time there may be a newer one, from a clock that is fast.
    made = [run.source.product(f"T-{len(run.feed.sent)}-{n}", f"Token {n}") for n in range(PROBES)]
    # The token of a record in the wrong partition answers early: it is done once it is forwarded.
    routed = [probe for probe in made if probe.partition == partition_of(probe.key or b"", run.stack.partitions)]
    return [wrong for probe in routed for wrong in _unanswered(run, probe)]


def _unanswered(run: Run[ServerStack], probe: Made) -> list[str]:
    sent, found = run.feed.send_now(probe), []
    if sent is None:
        return ["the broker took no probe"]
    product_id, title = itemgetter("product_id", "title")(probe.means or {})
    after = f"{sent.topic}:{sent.partition}:{sent.offset}"
    for api in run.stack.apis:
        answer, shown = api.get("/progress", after=after, wait_ms=TOKEN_WAIT_MS), api.indexed(product_id).get("title")
        if not answer.get("searchable") or shown != title:
            found.append(f"{api.name}, asked for {after} of {title!r}, answers {answer} and shows {shown!r}")
    return found


def _scenario(name: str, fault: Fault, *, front: bool = True, loses_index: bool = False) -> Scenario:
    return Scenario(
        f"server: {name}",
        fault,
        after=holds_on_a_server,
        loses_index=loses_index,
        stack=ServerStack,
        cannot="a real server does not fail at a word" if front and SERVER_URL else None,
    )


SERVER_SCENARIOS = [
    _scenario("workers come and go", come_and_go, front=False),
    _scenario("more workers than partitions", more_than_partitions, front=False),
    _scenario("workers killed", workers_killed, front=False),
    _scenario("index worker frozen, taken over, thawed", index_frozen, front=False),
    _scenario("away", away),
    _scenario("away at start", away_at_start),
    _scenario("slow", at_fault(delay_seconds=DELAY_SECONDS)),
    _scenario("every third request fails", at_fault(fail_every=3)),
    _scenario("wiped", wiped, loses_index=True),
    _scenario("wiped while quiet", wiped_quiet, loses_index=True),
]
"""These scenarios share a stack."""
