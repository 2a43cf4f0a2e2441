"""Dead letters go back to their topic once, whatever happens in between; over both brokers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.errors import InvalidEvent, Misconfigured, Unavailable
from stream.api.dead_letters.item_letters import item_letters
from stream.kafka.headers import EVENT_TIME, Origin, dead_letter_headers
from stream.kafka.partitions import Partition
from stream.kafka.topic_admin import ensure_topics
from stream.replay import resend
from stream.replay.dead_letters import DEAD_LETTER_OF
from stream.replay.offset_range import OffsetRange, end_offsets_now
from stream.replay.selection import Selection
from stream.replay.source import ReplaySource
from stream.replay.unsent import read_unsent
from tests.support.running_broker import new_broker
from tests.support.running_commands import Done, freshline
from tests.support.waiting import HANG_S
from workers.clock import SystemClock
from workers.sources.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stream.kafka.reader import Record
    from tests.support.running_broker import RunningBroker

T_MS = 1_790_000_000_000
PARTITIONS = 2
GOOD = {"product_id": "p1", "price": 5, "currency": "EUR"}


class Shop(NamedTuple):
    """An input topic with dead letters of two of its records, one of them twice."""

    broker: RunningBroker
    topic: str

    def replay(self, *arguments: str, stdin: bytes = b"") -> Done:
        return freshline("replay", self.topic, "--from-dlq", "--kafka", self.broker.address, *arguments, stdin=stdin)

    def refuse(self, offset: int, *, value: bytes | None = b"{bad", partition: int = 1) -> None:
        """Write a dead letter of the record at this offset."""
        headers = dead_letter_headers(
            Origin(self.topic, partition, offset, T_MS), [("trace", b"1")], InvalidEvent("it is no JSON")
        )
        producer = KafkaProducer(bootstrap_servers=self.broker.address, acks="all")
        sent = producer.send(f"{self.topic}.dlq", key=b"p1", value=value, headers=headers, partition=partition)
        sent.get(HANG_S)
        producer.close()

    def records(self) -> list[Record]:
        partitions = [Partition(self.topic, number) for number in range(PARTITIONS)]
        with ReplaySource(
            self.broker.cluster,
            OffsetRange(dict.fromkeys(partitions, 0), end_offsets_now(self.broker.cluster, partitions)),
        ) as source:
            return list(source.records())

    def sent(self) -> list[str]:
        """The identities of the dead letters that came back."""
        return sorted(dict(record.headers)[DEAD_LETTER_OF].decode() for record in self.records())


@pytest.fixture(scope="module", params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def own_broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    broker = new_broker(request.param, tmp_path_factory.mktemp(request.param)).start()
    try:
        yield broker
    finally:
        broker.kill()


def recreated(broker: RunningBroker, *topics: str) -> bool:
    """Return whether it worked: a request for metadata that was under way may create topics with other partitions."""
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.delete_topics(topics or [name for name in admin.list_topics() if not name.startswith("__")])
    admin.close()
    try:
        ensure_topics(broker.settings(partitions=PARTITIONS))
    except Misconfigured:
        return False
    return True


@pytest.fixture
def shop(own_broker: RunningBroker) -> Shop:
    """A shop with topics of its own: those of the test before are deleted."""
    while not recreated(own_broker):
        pass
    shop = Shop(own_broker, "prices")
    shop.refuse(7)
    shop.refuse(8)
    shop.refuse(7)
    return shop


@pytest.mark.parametrize("own_broker", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True)
def test_a_dead_letter_that_the_broker_refuses_stays_and_the_others_are_sent(shop: Shop) -> None:
    """The limit of the topic was lowered since the record came."""
    shop.refuse(9, value=b"x" * 3_000)
    shop.refuse(10)
    limit(shop, "1500")
    done = shop.replay("--execute")
    assert done.code == 1 and "3 sent, 1 not: prices.dlq:1:3 (refused by the broker: " in done.err
    assert shop.sent() == ["prices:1:10", "prices:1:7", "prices:1:8"]
    limit(shop, "1000000")
    assert json.loads(shop.replay("--execute", "--json").out)["sent"] == 1
    assert shop.sent() == ["prices:1:10", "prices:1:7", "prices:1:8", "prices:1:9"]


def limit(shop: Shop, size: str) -> None:
    """Set the most bytes of a record of the topic."""
    admin = KafkaAdminClient(bootstrap_servers=shop.broker.address)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, shop.topic, {"max.message.bytes": size})])
    admin.close()


def test_as_they_are_each_origin_is_sent_once_and_never_again(shop: Shop) -> None:
    assert "2 records" in shop.replay().out and shop.records() == []
    assert json.loads(shop.replay("--execute", "--json").out)["sent"] == 2
    first, second = shop.records()
    assert (first.key, first.value, first.partition.number) == (b"p1", b"{bad", 1)
    assert first.headers == (("trace", b"1"), (EVENT_TIME, str(T_MS).encode()), (DEAD_LETTER_OF, b"prices:1:7"))
    assert dict(second.headers)[DEAD_LETTER_OF] == b"prices:1:8"
    done = shop.replay("--execute")
    assert done.code == 1 and "2 were sent again already" in done.err
    assert len(shop.records()) == 2


def test_where_there_are_no_dead_letters_it_says_so(shop: Shop) -> None:
    none = freshline("replay", "reviews", "--from-dlq", "--kafka", shop.broker.address)
    assert none == (1, "", "freshline: nothing to send: there are no dead letters of reviews\n")
    of_no_key = shop.replay("--key=none-such")
    assert of_no_key.err == "freshline: nothing to send: there are no dead letters of prices that were asked for\n"


def test_one_that_is_refused_again_is_a_dead_letter_of_its_own(shop: Shop) -> None:
    shop.replay("--execute")
    shop.refuse(20)
    assert shop.replay("--execute").out.startswith("1 record sent")
    assert shop.sent() == ["prices:1:20", "prices:1:7", "prices:1:8"]


def test_the_lines_of_a_plan_are_repaired_and_sent_in_place_of_what_was_refused(shop: Shop) -> None:
    lines = [json.loads(line) for line in shop.replay("--json").out.splitlines()]
    assert [(line["origin"], line["reason"], line["value"]) for line in lines] == [
        ("prices:1:7", "it is no JSON", "{bad"),
        ("prices:1:8", "it is no JSON", "{bad"),
    ]
    repaired = json.dumps(lines[1] | {"value": GOOD}).encode()
    done = shop.replay("--repaired", "-", "--execute", stdin=repaired)
    assert done.code == 0, done.err
    (sent,) = shop.records()
    assert (sent.key, json.loads(sent.value or b"")) == (b"p1", GOOD)
    assert (
        "all of these lines were sent again already" in shop.replay("--repaired", "-", "--execute", stdin=repaired).err
    )
    elsewhere = shop.replay(
        "--repaired", "-", "--from", "7d", "--to", "6d", stdin=json.dumps(lines[0] | {"value": GOOD}).encode()
    )
    assert elsewhere.code == 1 and "none that was asked for" in elsewhere.err
    assert "there are no repaired lines" in shop.replay("--repaired", "-", "--execute", stdin=b"").err
    assert [json.loads(line)["origin"] for line in shop.replay("--json").out.splitlines()] == ["prices:1:7"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"origin": "prices:1:9", "value": GOOD}, "line 1: there is no dead letter of prices:1:9"),
        ({"origin": "products:1:7", "value": GOOD}, "line 1: there is no dead letter of products:1:7"),
        ({"origin": "prices:1:7", "value": GOOD | {"product_id": "p2"}}, "line 1: prices:1:7 is of another product"),
        ({"origin": "prices:1:7", "value": GOOD | {"price": -1}}, "line 1: prices:1:7 would be refused again: price"),
        ({"origin": "prices:1:7", "value": None}, "line 1: prices:1:7 would be refused again: the record is null"),
        ({"origin": "prices:1:7", "value": "{bad"}, "line 1: .*an object, or null"),
    ],
)
def test_a_repair_that_repairs_nothing_is_one_line_and_nothing_is_sent(
    shop: Shop, line: dict[str, object], message: str
) -> None:
    done = shop.replay("--repaired", "-", "--execute", stdin=json.dumps(line).encode())
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert re.search(message, done.err)
    assert shop.records() == []


def test_dead_letters_of_the_item_log_are_not_sent_into_it(shop: Shop) -> None:
    """The dead letter of a text that could not be embedded is no record of the item log: reconcile tries it again."""
    with pytest.raises(Misconfigured, match="reconcile --repair"):
        read_unsent(shop.broker.cluster, "items", Selection(), None, SystemClock(), Sources())


def test_what_a_killed_run_sent_and_did_not_save_is_not_sent_again(shop: Shop) -> None:
    """The run dies after the broker confirmed the first record, before the ledger was saved."""

    def die(sent: int) -> None:
        raise Unavailable("killed")

    unsent = read_unsent(shop.broker.cluster, "prices", Selection(), None, SystemClock(), Sources())
    with pytest.raises(Unavailable, match="killed"):
        resend.execute(unsent, 1000.0, die, SystemClock())
    before = shop.sent()
    assert before
    done = shop.replay("--key", "nobody", "--execute")
    assert done.code == 1
    shop.refuse(9)
    assert shop.replay("--execute").code == 0
    assert shop.sent() == ["prices:1:7", "prices:1:8", "prices:1:9"]
    assert shop.replay("--execute").code == 1


def test_dead_letters_of_a_recreated_topic_are_other_dead_letters(shop: Shop) -> None:
    shop.replay("--execute")
    assert recreated(shop.broker, "prices.dlq")
    shop.refuse(7)
    assert shop.replay("--execute").out.startswith("1 record sent")


def test_letters_of_the_item_log_are_read_each_once_and_sent_back_by_nobody(shop: Shop) -> None:
    items = shop._replace(topic="items")
    for offset in (3, 3, 4):
        items.refuse(offset)
    with item_letters(shop.broker.cluster) as letters:
        assert [str(letter.identity) for letter in letters] == ["items:1:3", "items:1:4"]
    refused = items.replay("--execute")
    assert refused.code == 1 and "reconcile --repair" in refused.err


def test_letters_that_were_all_sent_back_are_counted(shop: Shop) -> None:
    assert shop.replay("--execute").code == 0
    unsent = read_unsent(shop.broker.cluster, shop.topic, Selection(), None, SystemClock(), Sources())
    with unsent.dead_letters() as letters:
        assert (list(letters), len(unsent.already_sent)) == ([], 2)
