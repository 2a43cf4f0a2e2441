"""One trace from the producer to the index, through the composed workers, whatever the index is."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from kafka.future import Future
from prometheus_client import CollectorRegistry

from stream.kafka.partitions import Partition, partition_of
from stream.kafka.send_spans import SendSpans
from stream.kafka.topics import ITEMS
from stream.runtime.metrics import IndexMetrics
from tests.support.exemplars import samples_with_exemplars, trace_of
from tests.support.index_backends import BACKENDS, opened
from tests.support.index_side import Documents, Models, OneCollection, now_ms, writing_side
from tests.support.items_side import PARTITIONS, Bench, Message, bench
from tests.support.record_batches import MadeRecord, batch_of
from tests.support.traces import Recording
from tests.support.waiting import until
from workers.clock import SystemClock
from workers.lanes.stages import EMBED, STAGES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stream.index.compose_writing import WritingSide
    from stream.kafka.send import Headers
    from tests.support.traces import RecordedSpan
    from workers.embedder.interface import Vectors
    from workers.index.interface import Index


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as index:
        yield index


class Pipeline:
    """Both workers as they are composed; the test carries the records from one to the other."""

    def __init__(self, recording: Recording, items: Bench, writing: WritingSide) -> None:
        self._sending = SendSpans(recording.tracer, SystemClock())
        self._items = items
        self._writing = writing
        self._offset = 0

    def sent(self, topic: str, product_id: str, **fields: Any) -> Message:
        """Send an event as a command does, and return its record."""
        sent: list[Headers] = []

        def send(headers: Headers) -> Any:
            sent.append(headers)
            return Future().success(SimpleNamespace(partition=0, offset=self._offset))

        self._sending.send(topic, [], send)
        body, partition = orjson.dumps({"product_id": product_id, **fields}), partition_of(product_id.encode(), 4)
        self._offset += 1
        return Message(topic, partition, self._offset, product_id.encode(), body, now_ms(), tuple(sent[0]))

    async def fold(self, *messages: Message) -> MadeRecord:
        """Fold the events, which are of one item, and return their item record."""
        before = len(self._items.sent)
        await self._items.handle(*messages)
        record = (await self._items.sends(before + 1))[-1]
        self._items.confirm_all()
        last = messages[-1]
        await until(lambda: self._items.committable(last) == last.offset + 1, "all are acked")
        return MadeRecord(self._offset, record.key, record.value, now_ms(), tuple(record.headers.items()))

    async def index(self, *records: MadeRecord) -> None:
        """Write the item records, and return once they are acked."""
        number = partition_of(records[0].key or b"", PARTITIONS)
        await self._writing.worker.handle(batch_of(Partition(ITEMS, number), *records, generation_id=0))

        async def acked() -> bool:
            return self._writing.assignment.committable().get(number) == records[-1].offset + 1

        await until(acked, "the item records are acked")


@asynccontextmanager
async def pipeline(
    index: Index, recording: Recording, metrics: IndexMetrics | None = None, documents: Documents | None = None
) -> AsyncIterator[Pipeline]:
    models = Models(documents or Documents())
    side = writing_side(OneCollection(index), models, tracer=recording.tracer, metrics=metrics)
    await side.worker.start_offsets({Partition(ITEMS, number): 0 for number in range(PARTITIONS)})
    side.worker.assign(range(PARTITIONS))
    async with bench(tracer=recording.tracer) as items:
        writing = asyncio.create_task(side.writers.run())
        try:
            yield Pipeline(recording, items, side)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)


def path(spans: list[RecordedSpan]) -> list[str]:
    """Return the names of the spans of one trace, each the child of the one before it, from the root."""
    assert len({span.context.trace_id for span in spans}) == 1, "they are of one trace"
    children = {span.parent_id: span for span in spans}
    assert len(children) == len(spans), "no span has two children"
    names, parent = [], None
    while (span := children.get(parent)) is not None:
        names.append(span.name)
        parent = span.context.span_id
    assert len(names) == len(spans), "every span hangs on another"
    return names


async def test_one_price_is_one_connected_trace_from_its_producer_to_the_index(index: Index) -> None:
    recording = Recording()
    async with pipeline(index, recording) as line:
        await line.index(await line.fold(line.sent("prices", "p1", price=5, currency="EUR")))
        hops = ["send prices", "process prices", "send items", "process items", f"upsert {index.collection}"]
        assert path(recording.spans) == hops
        assert recording.named("process items")[0].attributes["freshline.product_id"] == "p1"


async def test_one_new_text_is_one_connected_trace_with_its_vector(index: Index) -> None:
    recording = Recording()
    async with pipeline(index, recording) as line:
        await line.index(await line.fold(line.sent("products", "p1", title="Brass lamp")))
        await until(lambda: bool(recording.named("embed text")), "its vector is searchable")
        spans = recording.spans
        [embedded], [handled] = recording.named("embed text"), recording.named("process items")
        assert embedded.parent_id == handled.context.span_id
        rest = [span for span in spans if span is not embedded and span.name != embedded.name]
        hops = ["send products", "process products", "send items", "process items", f"upsert {index.collection}"]
        assert path(rest) == hops
        assert {span.context.trace_id for span in spans} == {handled.context.trace_id}
        assert embedded.ended_ms >= handled.ended_ms


async def test_records_that_one_write_makes_searchable_link_to_each_other(index: Index) -> None:
    recording = Recording()
    async with pipeline(index, recording) as line:
        first = await line.fold(line.sent("prices", "p1", price=5, currency="EUR"))
        second = await line.fold(line.sent("prices", "p1", price=6, currency="EUR"))
        await line.index(first, second)
        handled = recording.named("process items")
        sent = recording.named("send items")
        assert len({span.context.trace_id for span in handled}) == 2
        assert [span.links for span in handled] == [[sent[1].context], [sent[0].context]]


class Held(Documents):
    """Embeds once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may = asyncio.Event(), asyncio.Event()

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.asked.set()
        await self.may.wait()
        return await super().embed_documents(texts)


@pytest.mark.parametrize("together", [True, False], ids=["at once", "while its vector is computed"])
async def test_the_vector_of_a_text_that_another_replaced_belongs_to_the_trace_of_the_later_one(
    index: Index, together: bool
) -> None:
    recording, documents = Recording(), Held()
    async with pipeline(index, recording, documents=documents) as line:
        first = await line.fold(line.sent("products", "p1", title="Brass lamp", version=1))
        second = await line.fold(line.sent("products", "p1", title="Steel lamp", version=2))
        if together:
            await line.index(first, second)
        else:
            await line.index(first)
            await documents.asked.wait()
            await line.index(second)
        documents.may.set()
        await until(lambda: bool(recording.named("embed text")), "its vector is searchable")
        assert len(recording.named("embed text")) == 1


async def test_the_trace_of_an_event_is_the_exemplar_of_its_freshness(index: Index) -> None:
    recording, registry = Recording(), CollectorRegistry()
    async with pipeline(index, recording, IndexMetrics(registry)) as line:
        await line.index(await line.fold(line.sent("products", "p1", title="Brass lamp")))
        await until(lambda: bool(recording.named("embed text")), "its vector is searchable")
        trace_id = recording.spans[0].context.trace_id
        found = {each.labels["stage"]: trace_of(each) for each in samples_with_exemplars(registry)}
        assert found == dict.fromkeys(("searchable", "vector", *STAGES, EMBED), trace_id)


async def test_what_belongs_to_no_trace_leaves_no_span(index: Index) -> None:
    recording = Recording()
    async with pipeline(index, recording) as line:
        event = line.sent("products", "p1", title="Brass lamp")
        await line.index(await line.fold(event._replace(headers=())))
        assert [span.name for span in recording.spans] == ["send products"], "the producer's own"
