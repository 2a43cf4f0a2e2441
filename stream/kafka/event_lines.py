"""Lines of a file as events: numbered, and checked as the agents will check them."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent
from schemas.events import parse
from stream.kafka.producer import OutgoingRecord
from stream.kafka.send_report import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.kafka.send_report import SendReport
    from workers.clock import Clock


def numbered_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, line without the white space around it) of every line that is not blank.

    A byte order mark before the first line is no part of that line.
    """
    for number, line in enumerate(lines, 1):
        text = (line.removeprefix(BOM_UTF8) if number == 1 else line).strip()
        if text:
            yield number, text


def valid_events(topic: str, lines: Iterable[bytes], report: SendReport, clock: Clock) -> Iterator[OutgoingRecord]:
    """Yield the lines that are valid events of the topic; note the others in the report as invalid."""
    for number, value in numbered_lines(lines):
        try:
            event = parse(topic, None, value, arrived_at_ms=clock.now_ms(), event_time_ms=None)
        except InvalidEvent as error:
            report.invalid += 1
            report.add_problem(Problem(number, str(error)))
        else:
            yield OutgoingRecord(number, topic, event.product_id.encode(), value)
