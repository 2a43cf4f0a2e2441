"""Sends records and says which are confirmed, in the order in which they were sent."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from schemas.errors import Unavailable
from stream.kafka.send_report import SendReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stream.kafka.producer import OutgoingRecord, Producer

T = TypeVar("T")


def send_in_order(
    producer: Producer, things: Iterable[T], outgoing: Callable[[T], OutgoingRecord], confirmed: Callable[[T], None]
) -> None:
    """Sends each, and calls `confirmed` with it once it and all before it are in the log.

    Raises Unavailable at the first that the broker does not confirm; those after it may be in the log or not.
    """
    sent, waiting, told = SendReport(), deque[T](), 0

    def records() -> Iterator[OutgoingRecord]:
        for thing in things:
            waiting.append(thing)
            yield outgoing(thing)

    def tell(sent: SendReport) -> None:
        nonlocal told
        if sent.failed:
            raise Unavailable(f"a record was {sent.problems[0].reason}: run the same command again to go on from there")
        while told < sent.confirmed:
            confirmed(waiting.popleft())
            told += 1

    producer.send_all(records(), sent, tell)
    if sent.stopped is not None:
        raise Unavailable(sent.stopped)
