"""Replays a span of a topic: plans it, and sends it from where an earlier run was cut off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import FreshlineError, Misconfigured
from stream.kafka.producer import Producer
from stream.kafka.topics import DEAD_LETTERS, INPUTS, PROGRESS, STATES, topic_layout
from stream.replay.offset_range import find_range
from stream.replay.plan import ReplayPlan
from stream.replay.position import ReplayPosition, position_path
from stream.replay.rate_limit import rate_limited
from stream.replay.records import Route, copy_of, is_copy_within
from stream.replay.send_in_order import send_in_order
from stream.replay.source import Source
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stream.kafka.reader import Record
    from stream.replay.rate_limit import RateLimit
    from stream.replay.selection import Selection

SAVE_INTERVAL_S = 1.0
OWN_LOGS = (*STATES, PROGRESS, *DEAD_LETTERS.values())


class Replay(NamedTuple):
    """A replay that was looked into and not begun, or not finished."""

    kafka: str
    route: Route
    position: ReplayPosition
    plan: ReplayPlan
    """Of what is not sent yet."""


def prepare(kafka: str, topic: str, to_topic: str, selection: Selection, words: list[str], state_dir: Path) -> Replay:
    """Reads everything that it would send, and sends nothing. `words`: the selection as it was typed.

    Goes on from the position that an earlier run of the same words kept in `state_dir`. Raises Misconfigured if a
    topic or partition is not there, or must not be written; FreshlineError if there is nothing to send; Unavailable.
    """
    route = _route(kafka, topic, to_topic)
    path = position_path(state_dir, topic, [route.source.topic_id, route.target.topic_id, *words])
    position = ReplayPosition.read(path, topic, SystemClock().now_ms())
    if position is None:
        span = find_range(kafka, topic, route.source.partitions, selection)
        position = ReplayPosition(path, SystemClock().now_ms(), span, selection, dict(span.first))
    plan = ReplayPlan()
    with Source(kafka, position.rest) as source:
        for record in _meant(source, position, route, plan):
            plan.count(record)
    if not plan.records and not position.sent:
        raise FreshlineError(f"nothing to replay: {topic} holds no such record{_left_out(plan)}")
    return Replay(kafka, route, position, plan)


def execute(replay: Replay, pace: RateLimit, tell: Callable[[int], None]) -> int:
    """Sends it; returns how many records were sent, those of earlier runs not counted. `tell` hears of each.

    What was confirmed is kept, whatever ends it. Raises Unavailable, and FreshlineError where a topic is another by the
    end: an embedded broker's log began anew.
    """
    position, before, saved = replay.position, replay.position.sent, time.monotonic()

    def confirmed(record: Record) -> None:
        nonlocal saved
        position.confirm(record.partition, record.offset)
        if time.monotonic() - saved > SAVE_INTERVAL_S:
            position.save()
            saved = time.monotonic()
        tell(position.sent - before)

    try:
        position.save()
        with Source(replay.kafka, position.rest) as source, Producer(replay.kafka.split(",")) as producer:
            records = rate_limited(
                _meant(source, position, replay.route, ReplayPlan()), pace, time.monotonic, time.sleep
            )
            send_in_order(producer, records, lambda record: copy_of(record, replay.route), confirmed)
    except BaseException:
        position.save()
        raise
    position.forget()
    _check_same(replay)
    return position.sent - before


def _check_same(replay: Replay) -> None:
    route, topic = replay.route, next(iter(replay.position.span.first)).topic
    for name, known in ((topic, route.source), (route.target_name, route.target)):
        if topic_layout(replay.kafka, name).topic_id != known.topic_id:
            raise FreshlineError(
                f"the topic {name} was made anew meanwhile: what was not read yet is gone, and what was sent may be;"
                " look at log.may_be_missing of /status"
            )


def _route(kafka: str, topic: str, to_topic: str) -> Route:
    if to_topic in OWN_LOGS:
        letters_of = next((of for of in INPUTS if DEAD_LETTERS[of] == topic), None)
        way_back = f"; `freshline replay {letters_of} --from-dlq` sends dead letters back" if letters_of else ""
        raise Misconfigured(f"{to_topic} is written by Freshline alone: choose another topic with --to-topic{way_back}")
    if topic != to_topic and {topic, to_topic} <= set(INPUTS):
        raise Misconfigured(f"{topic} are no {to_topic}: every record would be refused; choose another --to-topic")
    source = topic_layout(kafka, topic)
    return Route(source, to_topic, source if topic == to_topic else topic_layout(kafka, to_topic))


def _meant(source: Source, position: ReplayPosition, route: Route, plan: ReplayPlan) -> Iterator[Record]:
    """The records to send; the copies among them are counted in the plan."""
    for record in source.records():
        if not position.selection.takes(record):
            continue
        if is_copy_within(record, position.span, position.selection, route.source.topic_id):
            plan.copies += 1
        else:
            yield record


def _left_out(plan: ReplayPlan) -> str:
    return f" but {plan.copies:,} copies of earlier replays" if plan.copies else ""
