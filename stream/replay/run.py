"""Replays a selection of a topic: plans it, and sends it from where an earlier run was cut off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import FreshlineError, Misconfigured
from stream.kafka.producer import Producer
from stream.kafka.topic_admin import topic_layout
from stream.kafka.topics import ALERTS, DEAD_LETTERS, INPUTS, PROGRESS, RULES, STATES, WATCHES
from stream.replay.offset_range import find_range
from stream.replay.plan import ReplayPlan
from stream.replay.position import ReplayPosition, position_path
from stream.replay.records import ReplayRoute, copy_of, is_copy_within
from stream.replay.sending import RefusedRecords, SaveTimer, rate_limited, send_in_order
from stream.replay.source import ReplaySource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record
    from stream.replay.selection import Selection
    from stream.replay.sending import OnConfirmed, RateLimit
    from workers.clock import Clock

OWN_TOPICS = (*STATES, RULES, WATCHES, ALERTS, PROGRESS, *DEAD_LETTERS.values())
"""The topics that Freshline alone writes."""


class Replay(NamedTuple):
    """A replay that is planned and not begun, or not finished."""

    kafka: Cluster
    route: ReplayRoute
    position: ReplayPosition
    plan: ReplayPlan
    """The records that are not sent yet."""


def prepare(
    kafka: Cluster, topic: str, to_topic: str, selection: Selection, typed: list[str], state_dir: Path, clock: Clock
) -> Replay:
    """Read every record that a replay would send, and send nothing. `typed` is the selection as it was typed.

    The replay goes on from the position that an earlier run of the same command saved in `state_dir`. Raises
    Misconfigured if a topic or partition does not exist, or must not be written; FreshlineError if there is nothing to
    send; Unavailable.
    """
    route = _route(kafka, topic, to_topic)
    path = position_path(state_dir, topic, [route.source.topic_id, route.target.topic_id, *typed])
    position = ReplayPosition.read(path, topic, clock.now_ms())
    if position is None:
        offset_range = find_range(kafka, topic, route.source.partitions, selection)
        position = ReplayPosition(path, clock.now_ms(), offset_range, selection, dict(offset_range.first))
    plan = ReplayPlan()
    with ReplaySource(kafka, position.rest) as source:
        for record in _records_to_send(source, position, route, plan):
            plan.count(record)
    if not plan.records and not position.sent:
        raise FreshlineError(f"nothing to replay: {topic} holds no such record{_left_out(plan)}")
    return Replay(kafka, route, position, plan)


def execute(replay: Replay, limit: RateLimit, on_confirmed: OnConfirmed, clock: Clock) -> int:
    """Send the records; return how many, without those of earlier runs.

    The position is saved whatever ends the run. Raises Unavailable, and FreshlineError at the end where the broker
    refused a record, or where a topic is another one of the same name, as after an embedded broker lost its log.
    """
    position, sent_before, save_timer = replay.position, replay.position.sent, SaveTimer(clock)
    not_sent = RefusedRecords()

    def refused(record: Record, reason: str) -> None:
        position.skip(record.partition, record.offset)
        not_sent.add(record, reason)

    def confirmed(record: Record) -> None:
        position.confirm(record.partition, record.offset)
        if save_timer.is_due():
            position.save()
        on_confirmed(position.sent - sent_before)

    try:
        position.save()
        with ReplaySource(replay.kafka, position.rest) as source, Producer(replay.kafka) as producer:
            records = rate_limited(
                _records_to_send(source, position, replay.route, ReplayPlan()), limit, clock, time.sleep
            )
            send_in_order(producer, records, lambda record: copy_of(record, replay.route), confirmed, refused)
    except BaseException:
        position.save()
        raise
    position.forget()
    _check_topics_are_the_same(replay)
    not_sent.check(position.sent - sent_before)
    return position.sent - sent_before


def _check_topics_are_the_same(replay: Replay) -> None:
    route, topic = replay.route, next(iter(replay.position.offset_range.first)).topic
    for name, known in ((topic, route.source), (route.target_name, route.target)):
        if topic_layout(replay.kafka, name).topic_id != known.topic_id:
            raise FreshlineError(
                f"the topic {name} was made anew meanwhile: what was not read yet is gone, and what was sent may be;"
                " look at log.may_be_missing of /status"
            )


def _route(kafka: Cluster, topic: str, to_topic: str) -> ReplayRoute:
    if to_topic in OWN_TOPICS:
        refused_from = next((name for name in INPUTS if DEAD_LETTERS[name] == topic), None)
        way_back = f"; `freshline replay {refused_from} --from-dlq` sends dead letters back" if refused_from else ""
        raise Misconfigured(f"{to_topic} is written by Freshline alone: choose another topic with --to-topic{way_back}")
    if topic != to_topic and {topic, to_topic} <= set(INPUTS):
        raise Misconfigured(f"{topic} are no {to_topic}: every record would be refused; choose another --to-topic")
    source = topic_layout(kafka, topic)
    return ReplayRoute(source, to_topic, source if topic == to_topic else topic_layout(kafka, to_topic))


def _records_to_send(
    source: ReplaySource, position: ReplayPosition, route: ReplayRoute, plan: ReplayPlan
) -> Iterator[Record]:
    """Yield the selected records; copies of earlier replays are left out, and counted in the plan."""
    for record in source.records():
        if not position.selection.selects(record):
            continue
        if is_copy_within(record, position.offset_range, position.selection, route.source.topic_id):
            plan.copies += 1
        else:
            yield record


def _left_out(plan: ReplayPlan) -> str:
    return f" but {plan.copies:,} copies of earlier replays" if plan.copies else ""
