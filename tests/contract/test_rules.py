"""Rules travel by their topic: from the command to every process that searches, on a real broker."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from stream.api.live_rules import LiveRules
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.rule_log import read_rules
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import RULES
from stream.runtime.metrics import IndexMetrics, total_of
from tests.support.running_commands import Done, freshline
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.running_broker import RunningBroker

PARTITIONS = 2
PIN = {"pin": {"product_id": "P1", "position": 1}}
NOW_MS = 1_790_000_000_000


@pytest.fixture
def broker(own_embedded_broker: RunningBroker) -> RunningBroker:
    ensure_topics(own_embedded_broker.settings(partitions=PARTITIONS))
    return own_embedded_broker


class Follower:
    """A process that searches, as far as rules are concerned."""

    def __init__(self, broker: RunningBroker) -> None:
        self.metrics = IndexMetrics(CollectorRegistry())
        self.live = LiveRules(broker.cluster, PARTITIONS, self.metrics.rules_refused)

    def pins(self, query: str = "sofa") -> list[str]:
        return [rule.id for rule in self.live.rules.in_force(query, NOW_MS).pins]


@contextmanager
def following(*followers: Follower) -> Iterator[None]:
    """Let them follow the topic in a thread, since a command needs the main one."""

    async def follow() -> None:
        running = [asyncio.create_task(each.live.run()) for each in followers]
        await asyncio.to_thread(over.wait)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    over = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(follow(),))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    asyncio.run(until(holds, what))


def run(broker: RunningBroker, *arguments: str, lines: Sequence[dict[str, Any]] = ()) -> Done:
    return freshline("rules", *arguments, "--kafka", broker.address, stdin=b"\n".join(map(orjson.dumps, lines)))


def test_a_rule_that_is_put_changed_or_deleted_is_known_to_every_process(broker: RunningBroker) -> None:
    one, other = Follower(broker), Follower(broker)
    with following(one, other):
        done = run(broker, "put", lines=[{"id": "a", **PIN}, {"id": "b", "query": "sofa", **PIN}])
        assert (done.code, done.out) == (0, "2 put\n")
        wait_until(lambda: one.pins() == other.pins() == ["a", "b"], "both rules are in force")
        run(broker, "put", lines=[{"id": "b", "query": "lamp", **PIN}])
        wait_until(lambda: other.pins() == ["a"] and other.pins("lamp") == ["a", "b"], "the change is in force")
        assert (run(broker, "delete", "a")).out == "1 deleted\n"
        wait_until(lambda: one.pins() == other.pins() == [], "the deleted rule is gone")
    late = Follower(broker)
    with following(late):
        wait_until(lambda: late.pins("lamp") == ["b"], "a process that starts later knows the last rules")
    assert len(late.live.rules) == 1


def test_a_record_that_is_no_rule_is_refused_and_counted_and_the_others_stay(broker: RunningBroker) -> None:
    follower = Follower(broker)
    with following(follower):
        run(broker, "put", lines=[{"id": "a", **PIN}, {"id": "b", **PIN}])
        wait_until(lambda: follower.pins() == ["a", "b"], "both are in force")
        wrong = orjson.dumps({"id": "b", "pin": {"product_id": "P1", "position": 0}})
        with Producer(broker.cluster) as producer:
            for key, value in ((b"b", wrong), (b"c", b"{"), (None, b"null"), (b"\xff", None)):
                producer.send_now(OutgoingRecord(0, RULES, key, value))
        wait_until(lambda: total_of(follower.metrics.rules_refused) == 3, "three are refused")
        assert follower.pins() == ["a"] and follower.live.refused.keys() == {"b", "c", ""}
        assert "pin.position" in follower.live.refused["b"]
        listed = run(broker, "list", "--json")
        assert "pin.position" in orjson.loads(listed.out)["b"]
        run(broker, "put", lines=[{"id": "b", **PIN}])
        wait_until(lambda: follower.pins() == ["a", "b"], "a right record puts it into force again")
        assert follower.live.refused.keys() == {"c", ""}


def test_nothing_is_sent_unless_every_line_is_a_rule(broker: RunningBroker) -> None:
    ends_first = {"id": "b", **PIN, "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}
    done = run(broker, "put", lines=[{"id": "a", **PIN}, ends_first])
    assert done.code == 2 and "line 2: ends_at: the rule would end before it starts" in done.err
    assert read_rules(broker.cluster) == {}
    assert "there are no rules" in (run(broker, "list")).err
    missing = run(broker, "delete", "a")
    assert missing.code == 1 and "there is no rule a" in missing.err
    assert (run(broker, "delete")).code == 2


def test_the_list_says_what_each_rule_does_and_whether_its_time_has_come(broker: RunningBroker) -> None:
    run(
        broker,
        "put",
        lines=[
            {"id": "a", **PIN, "query": "sofa", "match": "contains"},
            {"id": "b", "bury": {"brand": ["Acme", "Bolt"]}, "ends_at": "2020-01-01T00:00:00Z"},
            {"id": "c", "boost": {"items": {"seller": "X"}, "by": 2}, "starts_at": "2999-01-01T00:00:00Z"},
        ],
    )
    lines = (run(broker, "list")).out.splitlines()
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "a pin P1 at 1, 'sofa' contained in force",
        "b bury brand Acme or Bolt, always over since 2020-01-01T00:00:00.000Z",
        "c boost seller X by 2, always from 2999-01-01T00:00:00.000Z",
    ]
