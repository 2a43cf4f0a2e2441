"""Lines of a file as events: numbered, and checked as the agents will check them."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING

from schemas.canaries import RESERVED, is_canary
from schemas.errors import InvalidEvent
from stream.kafka.producer import OutgoingRecord
from workers.sources.sources import IN_OWN_FORMAT, own_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.kafka.send_report import SendReport
    from workers.clock import Clock
    from workers.sources.file_events import FileFormat
    from workers.sources.row import Row


def numbered_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, line without the white space around it) of every line that is not blank.

    A byte order mark before the first line is no part of that line.
    """
    for number, line in enumerate(lines, 1):
        text = (line.removeprefix(BOM_UTF8) if number == 1 else line).strip()
        if text:
            yield number, text


def valid_events(
    rows: Iterable[Row], file_format: FileFormat, report: SendReport, clock: Clock
) -> Iterator[OutgoingRecord]:
    """Yield the events of the rows; note the rows that are not valid in the report as invalid."""
    for row in rows:
        try:
            events = _checked(row, file_format, clock.now_ms())
        except InvalidEvent as error:
            report.pass_over(row.number, str(error))
        else:
            for topic, product_id, value in events:
                yield OutgoingRecord(row.number, topic, product_id.encode(), value, headers=IN_OWN_FORMAT)


def _checked(row: Row, file_format: FileFormat, now_ms: int) -> list[tuple[str, str, bytes]]:
    """Return (topic, product_id, value) of the events of a row, all of which are valid. Raises InvalidEvent."""
    if isinstance(row.value, InvalidEvent):
        raise row.value
    values = file_format.values(row.value)
    events = [(each.topic, own_event(each.topic, each.value, now_ms).product_id, each.value) for each in values]
    if any(is_canary(product_id) for _, product_id, _ in events):
        raise InvalidEvent(RESERVED)
    return events
