"""`freshline formats`."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from stream.commands import options
from stream.commands.files import opened
from stream.commands.produce import TopicChoice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.events import Event
    from stream.kafka.reader import Record
    from workers.sources.row import Row
    from workers.sources.sources import Times

ROWS_MAX = 1_000
"""The most rows of a file that are read."""
RECORDS_MAX = 100
"""The most records of a partition that are read: the newest."""
SHOWN_MAX = 5
"""The most rows, and the most refusals, that are shown."""
VALUE_CHARACTERS_MAX = 40


class FormatAction(StrEnum):
    """The actions on formats."""

    CHECK = "check"


class Outcome(NamedTuple):
    """The fate of one row or record."""

    where: str
    events: list[Event]
    refused: str | None


class Checked(NamedTuple):
    """The kind of a file or a topic, and the fate of its first rows."""

    sees: str
    format: str
    outcomes: list[Outcome]
    other_topic: str | None = None
    """The topic for which a file is read, where none of it is for the one that was named."""


def formats(
    action: Annotated[FormatAction, typer.Argument(metavar="check", help="What to do.")],
    what: Annotated[str, typer.Argument(metavar="FILE|TOPIC", help="A file, - for stdin, or an input topic.")],
    *,
    topic: Annotated[TopicChoice, typer.Option("--topic", help="The topic that a file is for.")] = TopicChoice.PRODUCTS,
    file_format: Annotated[
        options.Format | None, typer.Option("--format", help="The format of a file, unless its looks say it.")
    ] = None,
    kafka: options.Kafka = None,
    json: options.AsJson = False,
) -> None:
    """Say what a file or a topic holds, how its first rows become events, and what would be refused.

    Of a topic the newest records are read, with the formats of FRESHLINE_SOURCES. Nothing is sent. Exit 1: something
    would be refused.
    """
    from stream.commands.exits import FAILED

    if what in set(TopicChoice) and not Path(what).exists():
        checked = _check_topic(what, kafka)
    else:
        checked = _check_file(what, topic, file_format)
    (_print_json if json else _print)(checked)
    if any(each.refused is not None for each in checked.outcomes):
        raise typer.Exit(FAILED)


def _check_file(file: str, topic: str, given: str | None) -> Checked:
    from schemas.errors import InvalidEvent, Misconfigured
    from workers.clock import SystemClock
    from workers.sources.file_events import TEXT_FORMATS
    from workers.sources.files import recognised_file, rows_of
    from workers.sources.shapes import format_of

    now_ms = SystemClock().now_ms()
    with opened(file) as content:
        shape, text = recognised_file(content, is_table=given in TEXT_FORMATS)
        rows = list(islice(rows_of(shape, text), ROWS_MAX))
    readable = (row.value for row in rows if not isinstance(row.value, InvalidEvent))
    name = given or next(map(format_of, readable), "csv" if shape.has_texts else "freshline")
    try:
        outcomes = _of_rows(rows, name, topic, now_ms)
    except Misconfigured as error:  # The shape of the file can still be said.
        return Checked(shape.name, name, [Outcome(f"line {row.number}", [], str(error)) for row in rows])
    is_refused = bool(outcomes) and all(each.refused is not None for each in outcomes)
    return Checked(shape.name, name, outcomes, _topic_of(rows, name, now_ms) if is_refused else None)


def _of_rows(rows: list[Row], name: str, topic: str, now_ms: int) -> list[Outcome]:
    from stream.commands.configured import file_format

    kind = file_format(topic, name)
    return [_of_row(row, kind, now_ms) for row in rows]


def _topic_of(rows: list[Row], name: str, now_ms: int) -> str | None:
    """Return the topic as whose events most of the rows are read; None if there is none."""
    from schemas.errors import Misconfigured

    read: dict[str, int] = {}
    for topic in TopicChoice:
        with suppress(Misconfigured):
            read[topic] = sum(each.refused is None for each in _of_rows(rows, name, topic, now_ms))
    best = max(read, key=read.__getitem__, default=None)
    return best if best is not None and read[best] else None


def _of_row(row: Row, kind: Any, now_ms: int) -> Outcome:
    from schemas.errors import InvalidEvent
    from workers.sources.sources import own_event

    try:
        if isinstance(row.value, InvalidEvent):
            raise row.value
        events = [own_event(each.topic, each.value, now_ms) for each in kind.values(row.value)]
    except InvalidEvent as error:
        return Outcome(f"line {row.number}", [], str(error))
    return Outcome(f"line {row.number}", events, None)


def _check_topic(topic: str, kafka: str | None) -> Checked:
    import asyncio

    from stream.commands.configured import brokers, settings
    from stream.kafka.sample import newest
    from stream.runtime.sources_file import configured_sources

    ours = settings()
    configured = configured_sources(ours)
    name = next((each.format for each in configured.sources if each.topic == topic), "freshline")
    found = newest(brokers(kafka), topic, RECORDS_MAX, configured, ours.shop_currency, _times_of)
    outcomes = asyncio.run(found)
    return Checked(f"topic {topic}", name, [Outcome(*each) for each in outcomes])


def _times_of(record: Record) -> Times:
    """Return the times of a record that an items worker would read now."""
    from stream.items.arrival import arrival
    from stream.items.decoder import times_of
    from workers.clock import SystemClock

    arrived = arrival(record.timestamp_ms, None, SystemClock().now_ms(), stamped_by_producers=False)
    return times_of(record.headers, arrived)


def _print_json(checked: Checked) -> None:
    from stream.runtime.printing import print_json

    print_json(
        {
            "sees": checked.sees,
            "format": checked.format,
            "read": len(checked.outcomes),
            "events": sum(len(each.events) for each in checked.outcomes),
            "refused": [{"where": each.where, "reason": each.refused} for each in _refused(checked)],
            "first": [
                {"where": each.where, "events": [_as_json(event) for event in each.events]}
                for each in checked.outcomes[:SHOWN_MAX]
            ],
        }
    )


def _as_json(event: Event) -> dict[str, Any]:
    named = {"topic": event.topic, "product_id": event.product_id, "part": event.part, "op": event.op}
    return named | {"facts": event.facts}


def _print(checked: Checked) -> None:
    from stream.runtime.printing import counted

    print(f"{checked.sees}, read as {checked.format}")
    for outcome in checked.outcomes[:SHOWN_MAX]:
        for event in outcome.events:
            print(f"  {outcome.where}: {_in_words(event)}")
        if not outcome.events and outcome.refused is None:
            print(f"  {outcome.where}: no event")
    refused = _refused(checked)
    events = sum(len(each.events) for each in checked.outcomes)
    print(f"{counted(len(checked.outcomes), 'row')} read: {counted(events, 'event')}, {len(refused):,} refused")
    for outcome in refused[:SHOWN_MAX]:
        print(f"  {outcome.where}: {outcome.refused}")
    if len(refused) > SHOWN_MAX:
        print(f"  and {len(refused) - SHOWN_MAX:,} more")
    if checked.other_topic is not None:
        print(f"as events of {checked.other_topic} the rows are read: give --topic {checked.other_topic}")


def _refused(checked: Checked) -> list[Outcome]:
    return [each for each in checked.outcomes if each.refused is not None]


def _in_words(event: Event) -> str:
    part = "" if event.part is None else f" {event.part}"
    facts = ", ".join(_facts(event.facts.items()))
    return f"{event.topic} {event.product_id}{part} {event.op}" + (f": {facts}" if facts else "")


def _facts(facts: Iterable[tuple[str, Any]]) -> Iterable[str]:
    import orjson

    for name, value in facts:
        text = orjson.dumps(value).decode()
        yield f"{name} {text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + '...'}"
