"""Records of other systems: one record may be several events, here and in other partitions, and is acked after all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import orjson

from schemas.errors import InvalidEvent
from stream.items.decoder import Decoder
from stream.kafka.partitions import partition_of
from stream.runtime.metrics import total_of
from tests.support.item_records import decode_item
from tests.support.items_side import PARTITIONS, T_MS, Bench, Confirmed, Message, bench
from tests.support.waiting import until
from workers.sources.confluent import RegisteredSchema
from workers.sources.formats import Source
from workers.sources.sources import FORMAT_HEADER, OWN_FORMAT, Sources
from workers.state.projection import shown_facts

if TYPE_CHECKING:
    import pytest

    from stream.items.partition import ItemPartition

OWN = (FORMAT_HEADER, OWN_FORMAT)


def decoder(**source: Any) -> Decoder:
    return Decoder(Sources([Source(topic="products", **source)], "EUR"))


SHOPIFY = {"format": "shopify"}


def partition(product_id: str) -> int:
    return partition_of(product_id.encode(), PARTITIONS)


HERE = [str(number) for number in range(1, 60) if partition(str(number)) == 1]
ELSEWHERE = [str(number) for number in range(1, 60) if partition(str(number)) == 2]


def product(*variants: str, offset: int = 0, price: str = "5.00", **fields: Any) -> Message:
    """Return the webhook of a product, in partition 1."""
    body = {
        "id": 900,
        "title": "Cup",
        "status": "active",
        "updated_at": "2026-11-10T08:00:00Z",
        "variants": [{"id": int(each), "title": each, "price": price} for each in variants],
        **fields,
    }
    return Message("products", 1, offset, b"900", orjson.dumps(body))


def state(b: Bench, number: int) -> ItemPartition:
    return b.assignment.state(number)


async def test_a_record_of_several_items_of_one_partition_is_acked_after_the_last_of_them() -> None:
    async with bench(decoder=decoder(**SHOPIFY)) as b:
        message = product(*HERE[:2])
        await b.handle(message)
        records = await b.sends(2)
        assert [(each.topic, each.key) for each in records] == [("items", key.encode()) for key in HERE[:2]]
        facts = [shown_facts(decode_item(each.value or b"").state, "shop") for each in records]
        assert [(each or {})["price"] for each in facts] == [5.0, 5.0]
        assert b.committable(message) == 0
        b.confirm_all()
        await until(lambda: b.committable(message) == 1, "it is acked")


async def test_an_item_of_another_partition_is_forwarded_in_our_own_form_before_the_ack() -> None:
    async with bench(decoder=decoder(**SHOPIFY)) as b:
        message = product(HERE[0], ELSEWHERE[0])
        await b.handle(message)
        await b.sends(3)
        forwarded = [each for each in b.sent if each.topic != "items"]
        assert [(each.topic, each.key, each.partition) for each in forwarded] == [
            ("products", ELSEWHERE[0].encode(), 2),
            ("prices", ELSEWHERE[0].encode(), 2),
        ]
        assert all(each.headers[FORMAT_HEADER] == OWN_FORMAT for each in forwarded)
        assert total_of(b.metrics.misrouted) == 0  # A webhook's key is that of its product: no producer is wrong.
        for sent in forwarded:
            sent.confirmation.set_result(None)
        assert b.committable(message) == 0
        b.confirm_all()
        await until(lambda: b.committable(message) == 1, "it is acked")
        before = len(b.sent)
        for offset, sent in enumerate(forwarded):
            await b.handle(Message(sent.topic, 2, offset, sent.key, sent.value, headers=tuple(sent.headers.items())))
        await b.sends(before + 1)
        assert {each.topic for each in b.sent[before:]} == {"items"}
        offer = shown_facts(state(b, 2).items[ELSEWHERE[0]].state, "shop")
        assert offer is not None and offer["price"] == 5.0


async def test_while_one_forwarded_event_is_not_confirmed_the_record_is_not_acked() -> None:
    async with bench(decoder=decoder(**SHOPIFY)) as b:
        message = product(HERE[0], *ELSEWHERE[:2])
        await b.handle(message)
        await b.sends(5)
        last = next(each for each in b.sent if each.topic == "prices")
        confirmed = [each for each in b.sent if each is not last]
        for offset, sent in enumerate(confirmed):
            sent.confirmation.set_result(Confirmed(offset))
        await until(lambda: b.parts.publisher.idle, "the item record is confirmed")
        assert b.committable(message) == 0
        last.confirmation.set_result(None)
        await until(lambda: b.committable(message) == 1, "it is acked")


async def test_a_record_that_is_delivered_twice_is_acked_twice() -> None:
    async with bench(decoder=decoder(**SHOPIFY)) as b:
        await b.handle(product(*HERE[:2]))
        await b.sends(2)
        await b.handle(again := product(*HERE[:2], offset=1))
        assert b.committable(again) == 0
        b.confirm_all()
        await until(lambda: b.committable(again) == 2, "both are acked")
        assert len(b.sent) == 2


async def test_a_record_without_an_event_is_acked_at_once() -> None:
    async with bench(decoder=decoder(format="debezium")) as b:
        tombstone = Message("products", 1, 0, b'{"product_id":"x"}', None)
        await b.handle(tombstone)
        assert b.committable(tombstone) == 1 and not b.sent


async def test_an_invalid_event_makes_a_dead_letter_of_the_whole_record_and_folds_nothing() -> None:
    async with bench(decoder=decoder(**SHOPIFY)) as b:
        message = product(*HERE[:2], price="cheap")
        await b.handle(message)
        [letter] = await b.sends(1)
        assert (letter.topic, letter.key, letter.value) == ("products.dlq", b"900", message.value)
        assert b"price" in letter.headers["freshline-reason"]
        assert not state(b, 1).items
        b.confirm_all()
        await until(lambda: b.committable(message) == 1, "it is acked")


async def test_a_dead_letter_of_an_event_in_our_own_form_says_that_it_is() -> None:
    """Sent again, it is read as what it is, not in the format of its topic."""
    async with bench(decoder=decoder(**SHOPIFY)) as b:
        await b.handle(Message("products", 1, 0, HERE[0].encode(), b'{"product_id": 5}', headers=(OWN,)))
        [letter] = await b.sends(1)
        assert letter.headers[FORMAT_HEADER] == OWN_FORMAT


async def test_a_bug_after_the_first_event_publishes_what_was_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(decoder=decoder(**SHOPIFY)) as b:
        fold = b.assignment.state(1).fold
        folded: list[Any] = []

        def failing(_: ItemPartition, event: Any) -> bool:
            if folded:
                raise ZeroDivisionError
            folded.append(event)
            return fold(event)

        monkeypatch.setattr("stream.items.partition.ItemPartition.fold", failing)
        message = product(*HERE[:2])
        await b.handle(message)
        await b.sends(2)
        assert {each.topic for each in b.sent} == {"items", "products.dlq"}
        assert b.committable(message) == 0
        b.confirm_all()
        await until(lambda: b.committable(message) == 1, "it is acked")


async def test_a_partition_that_is_revoked_meanwhile_leaves_no_record_in_flight() -> None:
    """The events that wait to be sent are dropped, and the room that they took is free again."""
    async with bench(decoder=decoder(**SHOPIFY)) as b:
        await b.handle(product(*HERE[:2]))
        assert b.parts.publisher._in_flight == 4
        b.worker.assign([2])
        assert b.parts.publisher._in_flight == 0


async def test_a_shape_that_nobody_configured_is_named_in_the_dead_letter() -> None:
    async with bench() as b:
        await b.handle(product(HERE[0]))
        [letter] = await b.sends(1)
        assert b"this is a Shopify webhook: configure `format: shopify`" in letter.headers["freshline-reason"]


async def test_the_schemas_of_a_batch_are_fetched_before_it_is_decoded() -> None:
    class Registry:
        def __init__(self) -> None:
            self.asked: list[int] = []

        async def schema(self, schema_id: int) -> RegisteredSchema | InvalidEvent:
            self.asked.append(schema_id)
            return RegisteredSchema("JSON") if schema_id == 7 else InvalidEvent("there is none")

    registry = Registry()
    sources = Sources([Source(topic="products", encoding="confluent")])
    async with bench(decoder=Decoder(sources, cast("Any", registry))) as b:
        body = orjson.dumps({"product_id": HERE[0], "title": "Cup", "updated_at": T_MS})
        framed = [b"\0\0\0\0\7" + body, b"\0\0\0\0\7" + body, b"\0\0\0\0\x09" + body]
        messages = [Message("products", 1, offset, None, value) for offset, value in enumerate(framed)]
        await b.handle(*messages)
        await b.sends(2)
        assert registry.asked == [7, 9]
        assert {each.topic for each in b.sent} == {"items", "products.dlq"}
        b.confirm_all()
        await until(lambda: b.committable(messages[-1]) == 3, "all are acked")
