"""Traces of the first hop: an event's trace goes on in its item record, and coalesced events link to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from schemas.trace_context import TRACEPARENT, TraceContext, sampled_context
from stream.items.traces import SPANS_MAX
from stream.kafka.partitions import partition_of
from tests.support.items_side import PARTITIONS, T_MS, Bench, Message, bench
from tests.support.traces import Recording
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.support.items_side import Sent


def price(number: int, *, offset: int = 0, product_id: str = "p1", sampled: bool = True) -> Message:
    """Return a price whose trace is the one of this number."""
    body = orjson.dumps({"product_id": product_id, "updated_at": T_MS + number, "price": number, "currency": "EUR"})
    headers: list[tuple[str, bytes]] = context(number).headers
    if not sampled:
        headers = [(TRACEPARENT, headers[0][1][:-2] + b"00")]
    partition = partition_of(product_id.encode(), PARTITIONS)
    return Message("prices", partition, offset, product_id.encode(), body, headers=tuple(headers))


def context(number: int) -> TraceContext:
    return TraceContext(f"{number:032x}", f"{number:016x}")


def carried(sent: Sent) -> TraceContext | None:
    return sampled_context(sent.headers.items())


async def acked(b: Bench, message: Message, offset: int) -> None:
    b.confirm_all()
    await until(lambda: b.committable(message) == offset, "all are acked")


async def test_the_item_record_of_a_traced_event_belongs_to_its_trace() -> None:
    recording = Recording()
    async with bench(tracer=recording.tracer) as b:
        await b.handle(price(1))
        [record] = await b.sends(1)
        assert not recording.spans, "nothing has ended: the broker has not confirmed it"
        await acked(b, price(1), 1)
        [handled], [sent] = recording.named("process prices"), recording.named("send items")
        assert handled.context.trace_id == sent.context.trace_id == context(1).trace_id
        assert (handled.parent_id, sent.parent_id) == (context(1).span_id, handled.context.span_id)
        assert carried(record) == sent.context
        assert handled.attributes["freshline.product_id"] == "p1" and handled.attributes["freshline.changed"] is True


async def test_events_that_become_one_record_link_to_it_and_it_to_them() -> None:
    recording = Recording()
    async with bench(tracer=recording.tracer) as b:
        for number in (1, 2, 3):
            await b.handle(price(number, offset=number))
        [record] = await b.sends(1)
        await acked(b, price(1), 4)
        first, *others = recording.named("process prices")
        [sent] = recording.named("send items")
        assert sent.parent_id == first.context.span_id
        assert sorted(sent.links) == sorted(other.context for other in others)
        assert [other.links for other in others] == [[sent.context], [sent.context]] and not first.links
        assert [other.context.trace_id for other in others] == [context(2).trace_id, context(3).trace_id]
        assert carried(record) == sent.context and sent.attributes["freshline.events"] == 3


async def test_the_links_of_one_record_are_bounded() -> None:
    recording = Recording()
    async with bench(tracer=recording.tracer) as b:
        for number in range(1, 2 * SPANS_MAX):
            await b.handle(price(number, offset=number))
        await b.sends(1)
        await acked(b, price(1), 2 * SPANS_MAX)
        [sent] = recording.named("send items")
        assert len(sent.links) == SPANS_MAX - 1 and sent.attributes["freshline.events"] == 2 * SPANS_MAX - 1


async def test_an_event_that_changes_nothing_has_a_span_and_no_record() -> None:
    recording = Recording()
    async with bench(tracer=recording.tracer) as b:
        await b.handle(price(2))
        await b.sends(1)
        await acked(b, price(2), 1)
        await b.handle(price(1, offset=1))
        [_, stale] = recording.named("process prices")
        assert stale.attributes["freshline.changed"] is False and len(recording.named("send items")) == 1


async def test_a_refused_event_shows_in_its_trace_and_its_dead_letter_keeps_the_context() -> None:
    recording = Recording()
    async with bench(tracer=recording.tracer) as b:
        await b.handle(price(1)._replace(value=b"{"))
        [letter] = await b.sends(1)
        await acked(b, price(1), 1)
        [refused] = recording.spans
        assert refused.failed and carried(letter) == context(1)


async def test_an_event_without_a_recorded_trace_is_not_traced() -> None:
    recording = Recording()
    async with bench(tracer=recording.tracer) as b:
        await b.handle(price(1, sampled=False), price(2, offset=1)._replace(headers=()))
        for sent in await b.sends(1):
            assert TRACEPARENT not in sent.headers
        await acked(b, price(1), 2)
        assert not recording.spans


async def test_without_a_tracer_a_context_goes_no_further() -> None:
    async with bench() as b:
        await b.handle(price(1))
        [record] = await b.sends(1)
        assert TRACEPARENT not in record.headers
        await acked(b, price(1), 1)


async def test_a_partition_that_is_revoked_leaves_no_span_of_work_that_was_not_done() -> None:
    recording = Recording()
    async with bench(tracer=recording.tracer) as b:
        await b.handle(price(1))
        await b.sends(1)
        b.worker.assign(())
        await b.handle(price(2, offset=1))
        assert not recording.named("process prices")
