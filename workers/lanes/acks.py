"""Acks as values: a lane, or a publisher, holds them for the records whose effects it carries out.

This module enforces docs/invariants.md#2.
"""

from __future__ import annotations

from typing import Protocol


class Ack(Protocol):
    """A handle with which the effect of a record is reported as safe, once."""

    def ack(self) -> None:
        """Report that the effect is safe, so that the record's offset may be committed. Must not block."""


class SharedAck:
    """The ack of a record with several effects, such as a write to each collection. The last effect acks the record."""

    __slots__ = ("_record", "_unacked")

    def __init__(self, record: Ack, writers: int) -> None:
        self._record = record
        self._unacked = writers

    def one_acked(self) -> None:
        """Count the ack of one writer."""
        self._unacked -= 1
        if not self._unacked:
            self._record.ack()


class WriterAck:
    """The part of one writer in a shared ack. An abandoned writer may ack twice: only the first time counts."""

    __slots__ = ("_acked", "_shared")

    def __init__(self, shared: SharedAck) -> None:
        self._shared = shared
        self._acked = False

    def ack(self) -> None:
        """Ack for this writer."""
        if not self._acked:
            self._acked = True
            self._shared.one_acked()


def shared_by(writers: int, record: Ack) -> list[WriterAck]:
    """Return one ack for each of the `writers`; `record` is acked once all of them are."""
    shared = SharedAck(record, writers)
    return [WriterAck(shared) for _ in range(writers)]
