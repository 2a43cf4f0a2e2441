from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from schemas.errors import Unavailable
from stream.kafka.producer import OutgoingRecord
from stream.replay.sending import send_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stream.kafka.producer import Producer
    from stream.kafka.send_report import SendReport


class LosesItsBroker:
    """A producer whose broker confirms three records, and is then lost, or never comes back."""

    def __init__(self, *, comes_back: bool) -> None:
        self._comes_back = comes_back

    def send_all(
        self, records: Iterable[OutgoingRecord], report: SendReport, show: Callable[[SendReport], None]
    ) -> None:
        """Confirm three records, and no other."""
        for record in records:
            if report.confirmed < 3:
                report.confirm(record.topic, 0, record.line)
            elif self._comes_back:
                report.lose([record.line])
            else:
                report.stop(0, "no broker answers")
            show(report)


@pytest.mark.parametrize(
    ("comes_back", "message"),
    [
        (True, "3 sent; a record was not confirmed, the broker was lost: run the same command again"),
        (False, "3 sent; stopped, the rest was not sent: no broker answers"),
    ],
)
def test_a_run_that_loses_its_broker_says_how_many_records_it_has_sent(comes_back: bool, message: str) -> None:
    confirmed = list[int]()
    producer = cast("Producer", LosesItsBroker(comes_back=comes_back))
    with pytest.raises(Unavailable, match=message):
        send_in_order(
            producer,
            range(5),
            lambda number: OutgoingRecord(0, "products", b"%d" % number, b"{}"),
            confirmed.append,
            lambda *_: None,
        )
    assert confirmed == [0, 1, 2]
