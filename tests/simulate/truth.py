"""The invariants of the design: what must hold at every step, and in the end."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.errors import InvalidEvent
from schemas.events import Event, parse
from schemas.items import NO_REVIEWS, Entity, ItemRecord, ItemState, ReviewSummary
from schemas.points import OFFSET_BITS, Status, point_version
from schemas.progress import IndexProgress, ItemsProgress, decode
from schemas.state_codec import decode_review, split_review_key
from stream.kafka.headers import event_time_ms
from stream.kafka.partitions import Partition
from stream.kafka.topics import ALERTS, INPUTS, ITEMS, PROGRESS, REVIEW_STATES
from tests.support.item_records import decode_item
from tests.support.review_summary import summarised
from workers.document import document
from workers.point.payload import CONTENT_FIELDS, CURRENT_PRICE_FIELDS
from workers.state import fold, reviews
from workers.state.projection import content
from workers.words.item import item_words

from .broken import Broken
from .events import CURSED, PARTITIONS, route
from .index import COLLECTION, MODEL, Point, Points
from .workers import EPOCH, LOG_ID, vector_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.points import Content

    from .alerts import AlertTruth
    from .log import Log, Stored

OFFSET_MASK = (1 << OFFSET_BITS) - 1
SETTLED_FIELDS = tuple(field for field in CONTENT_FIELDS if field not in CURRENT_PRICE_FIELDS)
JOIN, DELTA = fold.join, fold.delta
"""The product's own functions, kept here because a control may break the ones that the workers use."""


class Letter(NamedTuple):
    """A dead letter."""

    error: str
    reason: str


class Input(NamedTuple):
    """A record of an input topic, and the event in it; None if it is invalid."""

    event: Event | None
    reason: str


class Truth:
    """The judge of a run: it is called with every record and every write, and knows what they mean."""

    log: Log
    points: Points

    def __init__(self, alerts: AlertTruth) -> None:
        self.alerts = alerts
        self.inputs: dict[Partition, list[Input]] = defaultdict(list)
        self.item_records: dict[int, list[tuple[ItemRecord, bool]]] = defaultdict(list)
        """By partition: each record, and whether the partition was assigned to its writer."""
        self.contents: dict[tuple[int, int], Content] = {}
        self.logged: dict[str, ItemState] = {}
        self.logged_reviews: dict[tuple[str, str], Entity] = {}
        self.last_reviews: dict[tuple[str, str], Entity] = {}
        """The last record of each review: what compaction keeps."""
        self.letters: dict[Partition, dict[int, Letter]] = defaultdict(dict)
        self.forwarded: set[tuple[str, int, int]] = set()
        self.shadowed = 0
        """Events whose token answered while a record hid them whose writer did not have the partition."""
        self._finished: dict[Partition, int] = defaultdict(int)
        self._resolved: dict[Partition, int] = defaultdict(int)
        self._resolved_reviews: dict[str, list[Event]] = defaultdict(list)

    # The records and writes of a run.

    def appended(self, stored: Stored) -> None:
        """Note that a record is in the log."""
        topic, number = stored.partition
        if topic in INPUTS:
            self._input(stored)
        elif topic == ITEMS:
            record = decode_item(stored.value or b"")
            product_id = record.state.product_id
            self.item_records[number].append((record, stored.by_owner))
            self.logged[product_id] = JOIN(self.logged.get(product_id, ItemState(product_id)), record.state)
        elif topic == REVIEW_STATES:
            key, review = split_review_key(stored.key or b""), decode_review(stored.value or b"")
            known = self.logged_reviews.get(key)
            self.logged_reviews[key] = review if known is None else reviews.join(known, review)
            self.last_reviews[key] = review
        elif topic == PROGRESS:
            self._claim(stored)
        elif topic == ALERTS:
            self.alerts.appended(stored)
        else:
            said = {name: value.decode() for name, value in stored.headers}
            partition = Partition(said["freshline-topic"], int(said["freshline-partition"]))
            letter = Letter(said["freshline-error"], said["freshline-reason"])
            self.letters[partition][int(said["freshline-offset"])] = letter

    def written(self, before: Point | None, after: Point) -> None:
        """Check a write: the point's version did not fall, and the point shows the record of its version."""
        product_id, version = after.payload["product_id"], after.payload["version"]
        if before is not None and version < before.payload["version"]:
            raise Broken(f"the version of {product_id} went back from {before.payload['version']} to {version}")
        wanted = self._content(after)
        for field in SETTLED_FIELDS:
            if after.payload[field] != wanted[field]:  # type: ignore[literal-required]
                raise Broken(
                    f"{product_id} at offset {version & OFFSET_MASK}: {field} is {after.payload[field]!r}, "
                    f"its record says {wanted[field]!r}"  # type: ignore[literal-required]
                )
        if wanted["status"] != Status.VISIBLE and (after.dense is not None or after.words is not None):
            raise Broken(f"{product_id} is {wanted['status']} and can be found")
        self.alerts.written(before, after)

    def committed(self, partition: Partition, offset: int) -> None:
        """Check that a commit, or a saved position, never passes an unfinished record."""
        first = self.first_unfinished(partition)
        if offset > first:
            raise Broken(
                f"{partition.topic}[{partition.number}] is committed up to {offset}, and {first} is unfinished"
            )

    def resolved(self, partition: Partition, searchable: int) -> None:
        """Check that search shows all events below this offset, whose tokens answer now, or something newer."""
        for offset in range(self._resolved[partition], searchable):
            event = self.inputs[partition][offset].event
            if event is None:
                if offset not in self.letters[partition]:
                    raise Broken(f"the token of {partition}:{offset} answers before its dead letter is there")
            elif route(event.product_id) == partition.number:
                self._check_shown(partition, offset, event)
        self._resolved[partition] = max(searchable, self._resolved[partition])

    # The checks.

    def first_unfinished(self, partition: Partition) -> int:
        """Return the first offset whose effect is not safe downstream."""
        finished = self._indexed if partition.topic == ITEMS else self._taken
        end, first = self.log.end(partition), self._finished[partition]
        while first < end and finished(partition, first):
            first += 1
        self._finished[partition] = first
        return first

    def check_in_the_end(self, now_ms: int) -> None:
        """Check the quiet end: the index is the fold of the log, each bad record is in the dead letters, and each match
        that lasts has its alert."""
        self.alerts.check_in_the_end()
        folded = self._folded()
        if folded.keys() != self.points.by_id.keys():
            raise Broken(f"items {sorted(folded)} were heard of, and {sorted(self.points.by_id)} have points")
        for product_id, (state, summary) in folded.items():
            self._check_point(product_id, state, summary, now_ms)
        for key, review in self.logged_reviews.items():
            if self.last_reviews[key] != review:
                raise Broken(f"the last record of the review {key} is {self.last_reviews[key]}, the join is {review}")
        for partition, inputs in self.inputs.items():
            for offset, (event, reason) in enumerate(inputs):
                letter = self.letters[partition].get(offset)
                if (None if event else Letter("InvalidEvent", reason)) != letter:
                    raise Broken(f"{partition}:{offset}: its dead letter is {letter}, it should say {reason!r}")

    def _input(self, stored: Stored) -> None:
        partition, said = stored.partition, dict(stored.headers)
        if "freshline-offset" in said:
            origin = (said["freshline-topic"], said["freshline-partition"], said["freshline-offset"])
            self.forwarded.add((origin[0].decode(), int(origin[1]), int(origin[2])))
        time_ms = event_time_ms(stored.headers)
        try:
            event = parse(
                partition.topic, stored.key, stored.value, arrived_at_ms=stored.timestamp_ms, event_time_ms=time_ms
            )
        except InvalidEvent as error:
            self.inputs[partition].append(Input(None, str(error)))
        else:
            self.inputs[partition].append(Input(event, ""))

    def _claim(self, stored: Stored) -> None:
        report = decode(LOG_ID, stored.key, stored.value)
        if isinstance(report, ItemsProgress):
            for topic, finished in report.finished.items():
                self.committed(Partition(topic, report.partition), finished)
            end = self.log.end(Partition(ITEMS, report.partition))
            if report.items_end > end:
                raise Broken(f"items[{report.partition}] is said to end at {report.items_end}, it ends at {end}")
        elif isinstance(report, IndexProgress) and report.collection == COLLECTION:
            self.committed(Partition(ITEMS, report.partition), report.finished)

    def _indexed(self, partition: Partition, offset: int) -> bool:
        product_id = self.item_records[partition.number][offset][0].state.product_id
        return self.points.version(product_id) >= point_version(EPOCH, offset) or offset in self.letters[partition]

    def _taken(self, partition: Partition, offset: int) -> bool:
        event = self.inputs[partition][offset].event
        if event is None:
            return offset in self.letters[partition]
        if route(event.product_id) != partition.number:
            return (*partition, offset) in self.forwarded
        if event.topic == "reviews":
            review = self.logged_reviews.get((event.product_id, event.part or ""))
            return event.product_id in self.logged and review is not None and _has_review(review, event)
        state = self.logged.get(event.product_id)
        return state is not None and _has(state, event)

    def _content(self, point: Point) -> Content:
        number, offset = point.payload["partition"], point.payload["version"] & OFFSET_MASK
        made = self.contents.get((number, offset))
        if made is None:
            made = _content(*_said(self.item_records[number][offset][0]), number, 0)
            self.contents[number, offset] = made
        return made

    def _check_shown(self, partition: Partition, offset: int, event: Event) -> None:
        point = self.points.by_id.get(event.product_id)
        if event.topic == "reviews":
            self._resolved_reviews[event.product_id].append(event)
        records = self.item_records[partition.number]
        last = -1 if point is None else point.payload["version"] & OFFSET_MASK
        if last >= 0 and self._shows(records[last][0], event):
            return
        if any(not by_owner for _, by_owner in records[: last + 1]):
            self.shadowed += 1  # A worker that was frozen wrote an older record; the owner publishes the join again.
            return
        raise Broken(
            f"the token of {partition.topic}:{partition.number}:{offset} answers, and the index does not show it"
        )

    def _shows(self, record: ItemRecord, event: Event) -> bool:
        if event.topic != "reviews":
            return _has(record.state, event)
        return _with(record.reviews) in self._possible_reviews(event.product_id)

    def _possible_reviews(self, product_id: str) -> set[Any]:
        """Yield every summary that the reviews may have: with all events whose tokens have answered, and any of the
        others."""
        known = [i.event for inputs in self.inputs.values() for i in inputs if i.event is not None]
        events = {e.stamp: e for e in known if e.topic == "reviews" and e.product_id == product_id}
        sure = {event.stamp for event in self._resolved_reviews[product_id]}
        by_review: dict[str, list[Event]] = defaultdict(list)
        for event in events.values():
            by_review[event.part or ""].append(event)
        states = [
            {reviews.contribution(state): state for state in _states(said, sure)}.keys() for said in by_review.values()
        ]
        return {_with(_sum(chosen)) for chosen in product(*states)}

    def _folded(self) -> dict[str, tuple[ItemState, ReviewSummary]]:
        states: dict[str, ItemState] = {}
        known: dict[str, dict[str, Entity]] = defaultdict(dict)
        events = {i.event.stamp: i.event for said in self.inputs.values() for i in said if i.event is not None}
        for event in (events[stamp] for stamp in sorted(events)):
            state = states.setdefault(event.product_id, ItemState(event.product_id))
            if event.topic != "reviews":
                states[event.product_id] = JOIN(state, DELTA(event))
                continue
            review, held = reviews.delta(event), known[event.product_id]
            part = event.part or ""
            held[part] = reviews.join(held[part], review) if part in held else review
        return {p: (state, summarised(known[p].values())) for p, state in states.items()}

    def _check_point(self, product_id: str, state: ItemState, summary: ReviewSummary, now_ms: int) -> None:
        point, number = self.points.by_id[product_id], route(product_id)
        wanted: Any = _content(state, summary, number, now_ms)
        for field in CONTENT_FIELDS if wanted["status"] == Status.VISIBLE else SETTLED_FIELDS:
            if point.payload[field] != wanted[field]:
                raise Broken(
                    f"{product_id}: the index says {field} {point.payload[field]!r}, the log {wanted[field]!r}"
                )
        if point.payload["status"] != Status.VISIBLE:
            return
        said = document(wanted, MODEL)
        if point.words != item_words(wanted) or point.payload["fingerprint"] != said.fingerprint:
            raise Broken(f"{product_id}: its words are {point.words!r}, they should be those of {said.text!r}")
        if CURSED in said.text:
            if not point.payload["vector_failed"]:
                raise Broken(f"{product_id}: its text cannot be embedded, and nothing says so")
        elif point.dense is None or (point.dense != vector_of(said.text)).any():
            raise Broken(f"{product_id}: its vector is not that of its text")
        elif point.payload["vector_fingerprint"] != said.fingerprint:
            raise Broken(f"{product_id}: its vector is said to be of another text")


def partitions_of(topics: Iterable[str]) -> list[Partition]:
    """Return all partitions of these topics."""
    return [Partition(topic, number) for topic in topics for number in range(PARTITIONS)]


def _said(record: ItemRecord) -> tuple[ItemState, ReviewSummary]:
    return record.state, record.reviews


def _content(state: ItemState, summary: ReviewSummary, number: int, now_ms: int) -> Content:
    return content(state, summary, partition=number, now_ms=now_ms, shop_currency=None)


def _has(state: ItemState, event: Event) -> bool:
    return JOIN(state, DELTA(event)) is state


def _has_review(review: Entity, event: Event) -> bool:
    return reviews.join(review, reviews.delta(event)) is review


def _states(events: list[Event], sure: set[Any]) -> list[Entity]:
    """Yield the states of one review with all events that are sure and any of the others."""
    certain, rest = [e for e in events if e.stamp in sure], [e for e in events if e.stamp not in sure]
    states = []
    for count in range(len(rest) + 1):
        for chosen in combinations(rest, count):
            state = Entity()
            for event in (*certain, *chosen):
                state = reviews.join(state, reviews.delta(event))
            states.append(state)
    return states


def _sum(chosen: Iterable[ReviewSummary]) -> ReviewSummary:
    total = NO_REVIEWS
    for each in chosen:
        total = reviews.add(total, each)
    return total


def _with(summary: ReviewSummary) -> tuple[int, int, tuple[int, ...]]:
    return summary.count, summary.sum_hundredths, summary.histogram
