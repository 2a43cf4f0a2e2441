"""The data-loss report: what was lost with embedded brokers, each loss with the time after which it was sent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stream.kafka.partitions import Partition
    from stream.runtime.stack_report import StackReportFile
    from workers.clock import Clock

    Offsets = Mapping[Partition, int]

UNDER_WAY_S = 1.0
"""How long an event may be on its way to the broker.

The times that `up` knows are those of arrival, and a person knows when he sent an event.
"""
LOSSES_MAX = 5
"""The most losses that are kept as sentences. `up` has said the earlier ones too."""
EARLIER = "there were earlier ones, which the output of `freshline up` names"
DIED = "{what}: changes sent after {since} may be missing, send them again"
DEAD_LETTERS = "{:,} dead letters ended with the log of the embedded broker at {}: send again, mended, what they held"


class _Checkpoint(NamedTuple):
    searchable_until: str
    end_offsets: Offsets
    """The end offsets of the item state, asked for later than that time."""


class LossReport:
    """Says each loss to the person at once, and keeps it in the stack report until `up` ends in order."""

    def __init__(self, report: StackReportFile, say: Callable[[str], None], clock: Clock) -> None:
        self._report = report
        self._say = say
        self._clock = clock
        self.kept_until = rfc3339_now(clock)
        """Everything that was sent before this time would outlive the broker (RFC 3339).

        The broker has not run yet, so nothing was sent to it.
        """
        self.count = 0
        """Losses of changes since this `up` began."""
        self._checkpoint: _Checkpoint | None = None
        self._dead_letters = 0
        before = report.left_behind
        self._sentences = list(before.losses) if before else []
        if before and before.kept_until:
            self._note_after(before.kept_until, "the last `freshline up` was killed, and its broker with it")

    def log_started(self) -> None:
        """Forget end offsets, which are those of another log."""
        self._checkpoint = None

    def broker_died(self, how: str) -> None:
        """Report that the broker died, and everything in it that is not in the journal."""
        ended_at = rfc3339_now(self._clock)
        self._note_after(self.kept_until, f"the embedded broker ended at {ended_at} ({how})")
        if self._dead_letters:
            self.dead_letters_ended(self._dead_letters)
        self.kept_until, self._checkpoint, self._dead_letters = ended_at, None, 0

    def handover_failed(self, why: str) -> None:
        """Report that the broker ended as planned, and events that were not acked are lost."""
        ended_at = rfc3339_now(self._clock)
        what = f"the embedded broker ended at {ended_at} and did not give out all that waited ({why})"
        self._note_after(self.kept_until, what)

    def dead_letters_ended(self, count: int) -> None:
        """Report dead letters that end with the log: they are not handed over, because their origins end with it."""
        self._note(DEAD_LETTERS.format(count, rfc3339_now(self._clock)))
        self._dead_letters = 0

    def note_status(self, status: Mapping[str, Any], end_offsets: Offsets, journal: Offsets) -> None:
        """Learn from an answer of /status up to which time everything would outlive the broker.

        `end_offsets` of the item state were asked for after that answer, so everything that was searchable lies below
        them. It outlives the broker once `journal`, the offsets that the journal has reached, has reached them.
        """
        self._dead_letters = sum(status["dead_letters"].values())
        checkpoint = self._checkpoint
        if checkpoint and all(journal[partition] >= end for partition, end in checkpoint.end_offsets.items()):
            self.kept_until, checkpoint = checkpoint.searchable_until, None
        times = [time or "" for time in status["fresh_as_of"].values()]
        if checkpoint is None and times and all(times):
            checkpoint = _Checkpoint(max(self.kept_until, min(times)), end_offsets)
        self._checkpoint = checkpoint

    def update(self, **changes: Any) -> None:
        """Write the stack report with the losses, and with these changes to other fields of it."""
        self._report.update(losses=self._sentences, kept_until=self.kept_until, **changes)

    def close(self) -> None:
        """Note that `up` ends in order: the next one gets these losses, and has nothing to add."""
        self._report.update(losses=self._sentences, kept_until=None)

    def _note_after(self, kept_until: str, what: str) -> None:
        self.count += 1
        self._note(DIED.format(what=what, since=_sent_before(kept_until)))

    def _note(self, sentence: str) -> None:
        self._say(sentence)
        self._sentences.append(sentence)
        if len(self._sentences) > LOSSES_MAX:
            self._sentences = [EARLIER, *self._sentences[-LOSSES_MAX:]]


def _sent_before(arrived: str) -> str:
    return _rfc3339(int(1000 * (datetime.fromisoformat(arrived).timestamp() - UNDER_WAY_S)))


def rfc3339_now(clock: Clock) -> str:
    """Return the time now as RFC 3339, in UTC with milliseconds: such texts sort as their times do."""
    return _rfc3339(clock.now_ms())


def _rfc3339(ms: int) -> str:
    return rfc3339(ms) or ""
