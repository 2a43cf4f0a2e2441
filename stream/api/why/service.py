"""Answers why, in the process that holds the index."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from typing_extensions import override

from schemas.canaries import is_canary
from schemas.errors import Unavailable
from schemas.times import rfc3339
from stream.api.searchers import understanding_search
from stream.api.why.arrivals import LogArrivals
from stream.api.why.interface import WhyApi
from stream.api.why.life import life_events
from stream.api.why.log_events import read_events
from stream.api.why.models import LifeEvent, ProductLife, VectorReport
from stream.items.decoder import Decoder
from stream.kafka.cluster import cluster_of
from stream.kafka.partitions import Partition
from stream.kafka.schema_registry import opened_registry
from stream.kafka.topic_admin import stamps_are_unknown
from stream.runtime.sources_file import configured_sources, sources_of
from workers.document import document
from workers.point.payload import is_visible
from workers.search.explain import explain

if TYPE_CHECKING:
    from schemas.explanations import Explanation
    from schemas.points import Payload
    from schemas.queries import SearchRequest
    from stream.api.context import ServingContext
    from stream.progress.searchable_times import SearchableTimes
    from workers.search.searcher import Searcher

READERS_MAX = 1
"""The most lives that are read at once: each one reads three partitions from their start."""


class WhyService(WhyApi):
    """Reads the log and the index for one product."""

    def __init__(self, context: ServingContext, searcher: Searcher, times: SearchableTimes) -> None:
        self._context = context
        self._times = times
        self._searcher = searcher
        self._searches = understanding_search(context, searcher)
        self._configured, self._sources = configured_sources(context.settings), sources_of(context.settings)
        self._reading = asyncio.Semaphore(READERS_MAX)

    @override
    async def life(self, product_id: str) -> ProductLife | None:
        if is_canary(product_id):
            return None
        context = self._context
        index = await context.collections.serving()
        if self._reading.locked():
            raise Unavailable("the life of another product is read just now: ask again")
        async with self._reading, opened_registry(self._configured) as registry:
            kafka = cluster_of(context.settings)
            by_producers = await asyncio.to_thread(stamps_are_unknown, kafka)
            known = await read_events(
                product_id,
                context.settings.partitions,
                kafka=kafka,
                decoder=Decoder(self._sources, registry),
                arrivals=LogArrivals(context.clock, stamped_by_producers=by_producers),
                gate=context.gate,
            )
        stored = (await index.stored([product_id])).get(product_id)
        if stored is None and not known.events:
            return None
        visible = stored is not None and is_visible(stored.payload)
        return ProductLife(
            product_id=product_id,
            events=[self._timed(event) for event in life_events(known.events)],
            events_left_out=known.left_out,
            complete=known.complete,
            log_begins_at=rfc3339(known.begins_at_ms),
            indexed=await self._searcher.item(product_id, context.clock.now_ms()) if stored else None,
            document=document(stored.payload, index.model).text if stored and visible else None,
            fingerprint=stored.payload["fingerprint"] if stored else None,
            vector=vector_report(stored.payload if stored else None),
        )

    def _timed(self, event: LifeEvent) -> LifeEvent:
        """Return the event with when it became searchable. A record that is no event never does."""
        if event.refused is not None:
            return event
        partition = Partition(event.topic, event.partition)
        reached = self._context.watermark.searchable(partition) > event.offset
        by = rfc3339(self._times.by_ms(partition, event.offset))
        return event.model_copy(update={"searchable": reached, "searchable_by": by})

    @override
    async def explain(self, request: SearchRequest, product_id: str) -> Explanation:
        index, now_ms = await self._context.collections.serving(), self._context.clock.now_ms()
        with self._context.gate.answering():
            answer = await self._searches.search(request, now_ms)
            return await explain(self._searcher, index, request.q or "", answer, product_id, now_ms)


def vector_report(payload: Payload | None) -> VectorReport:
    """Return the state of the vector of a point."""
    if payload is None or payload["fingerprint"] is None:
        return VectorReport(state="none", fingerprint=None, pending_since=None, reason=None)
    pending, failed = payload["vector_due"] is not None, payload["vector_failed"]
    current = payload["vector_fingerprint"] == payload["fingerprint"]
    return VectorReport(
        state="failed" if failed else "pending" if pending else "current" if current else "none",
        fingerprint=payload["vector_fingerprint"],
        pending_since=rfc3339(payload["vector_due_at_ms"]) if pending else None,
        reason=failed,
    )
