"""The path of an event through the pure stages, in one function: whatever comes, no stage may raise."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import orjson
from qdrant_client import grpc
from qdrant_client.conversions.conversion import payload_to_grpc

from schemas.errors import InvalidEvent
from schemas.items import NO_REVIEWS, Entity, ItemRecord, ItemState
from schemas.state_codec import decode_review, encode_item, encode_review
from schemas.state_validation import check_item, check_review
from stream.api.dead_letters.listing import shown as shown_letter
from stream.api.page import web_link
from stream.kafka.headers import Origin, dead_letter_headers
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.replay.dead_letters import as_line, dead_letter_of
from stream.runtime.printing import money
from tests.fuzz.records import NOW_MS
from tests.support.item_records import decode_item
from tests.support.review_summary import summarised
from workers.embedder.interface import ModelId
from workers.point.plan import plan
from workers.search import hits
from workers.sources.sources import Sources, Times
from workers.state import fold, reviews
from workers.state.projection import content
from workers.words.item import item_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.events import Event
    from schemas.points import Content
    from tests.fuzz.records import Raw

MODEL = ModelId("m", "1", 4)
SHOP = hits.Shop("EUR", ("en", "zh"))


class Folded(NamedTuple):
    """An item and its reviews."""

    state: ItemState
    reviews: dict[str, Entity]


def taken(raws: Iterable[Raw]) -> list[Event]:
    """Return the events of the records; those that are refused would be dead letters."""
    events: list[Event] = []
    for raw in raws:
        sources = Sources([] if raw.source is None else [raw.source])
        times = Times(raw.arrived_at_ms, raw.event_time_ms)
        try:
            events += [each.event for each in sources.decode(raw.topic, raw.key, raw.value, (), times)]
        except InvalidEvent as refused:
            _check_letter(raw, refused, sources)
    return events


def _check_letter(raw: Raw, refused: InvalidEvent, sources: Sources) -> None:
    """Raise the error of showing the dead letter, if there is one: on the page, and as a line for a person to
    repair."""
    headers = tuple(dead_letter_headers(Origin(raw.topic, 0, 1, NOW_MS), (), refused))
    record = Record(Partition(f"{raw.topic}.dlq", 0), 0, NOW_MS, raw.key, raw.value, headers)
    letter = dead_letter_of(record, raw.topic, "id")
    assert letter is not None and shown_letter(letter, None).reason
    assert orjson.dumps(as_line(letter, NOW_MS, sources))


def folded(product_id: str, events: Iterable[Event]) -> Folded:
    """Return the item that these events of one product lead to."""
    state, by_review = ItemState(product_id), dict[str, Entity]()
    for event in events:
        if event.topic == "reviews":
            part, said = event.part or "", reviews.delta(event)
            by_review[part] = reviews.join(by_review[part], said) if part in by_review else said
        else:
            state = fold.fold(state, event)
    return Folded(state, by_review)


def shown(item: Folded, now_ms: int = NOW_MS) -> Content:
    """Return the content of the item."""
    summary = summarised(item.reviews.values())
    return content(item.state, summary, partition=0, now_ms=now_ms, shop_currency=None)


def check(product_id: str, events: Sequence[Event]) -> Content:
    """Take the events of one product along the whole path, and return the content. Raises what a stage raises."""
    item = folded(product_id, events)
    record = ItemRecord("fuzz", item.state, summarised(item.reviews.values()), {})
    assert decode_item(encode_item(record)) == record
    check_item(record)
    for review_id, review in item.reviews.items():
        assert decode_review(encode_review(review)) == review
        check_review(product_id, review_id, review)
    found = shown(item)
    _check_answers(found)
    _check_join(product_id, events, item)
    return found


def _check_answers(found: Content) -> None:
    for visible in (found, {**found, "status": "visible"}):
        write = plan(None, visible, version=1, model=MODEL, cached=lambda _: None, now_ms=NOW_MS).write  # type: ignore[arg-type]
        assert write is not None
        grpc.PointStruct(payload=payload_to_grpc(dict(write.payload))).SerializeToString()
        payload = orjson.loads(orjson.dumps(write.payload))
        hit = hits.hit(payload, 1.0, SHOP, NOW_MS)
        orjson.dumps(hit.model_dump())
        orjson.dumps(hits.indexed_item(payload, SHOP, NOW_MS).model_dump())
        assert hits.why_unshowable(payload, NOW_MS) == ""
        money(hit.price, hit.currency)
        web_link(hit.link)
    item_words(found)


def _check_join(product_id: str, events: Sequence[Event], item: Folded) -> None:
    assert folded(product_id, [*reversed(events), *events]) == item
    for one, other in pairwise([events[: len(events) // 2], events[len(events) // 2 :]]):
        halves = folded(product_id, one).state, folded(product_id, other).state
        assert fold.join(*halves) == fold.join(*reversed(halves)) == item.state
    assert fold.join(item.state, item.state) is item.state
    assert summarised([]) == NO_REVIEWS
