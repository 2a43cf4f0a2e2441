"""The data-loss report: the losses of embedded brokers, each with the time after which the lost changes were sent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.times import rfc3339
from stream.kafka.headers import dead_letter_topic
from stream.kafka.partitions import all_partitions
from stream.kafka.reader import Reader
from stream.kafka.topics import INPUTS, ITEMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.kafka.cluster import Cluster
    from stream.kafka.partitions import Partition
    from stream.runtime.stack_report import StackReportFile
    from stream.up.child_process import Say
    from workers.clock import Clock

    Offsets = Mapping[Partition, int]

UNDER_WAY_S = 1.0
"""The longest that an event may be on its way to the broker.

`up` knows when events arrived, but a person knows when they were sent: the report subtracts this from the former.
"""
LOSSES_MAX = 5
"""The most losses that are kept as sentences. `up` has printed the earlier ones too."""
EARLIER = "there were earlier ones, which the output of `freshline up` names"
DIED = "{what}: changes sent after {since} may be missing, send them again"
DEAD_LETTERS = "{:,} dead letters ended with the log of the embedded broker at {}: send again, mended, what they held"


class _Checkpoint(NamedTuple):
    searchable_until: str
    end_offsets: Offsets
    """The end offsets of the item state, requested after `searchable_until`."""


class LossReport:
    """Prints each loss at once, and keeps it in the stack report until `up` ends in order."""

    def __init__(self, report: StackReportFile, say: Say, clock: Clock) -> None:
        self._report = report
        self._say = say
        self._clock = clock
        self.kept_until = rfc3339_now(clock)
        """The time (RFC 3339) before which every event that was sent would outlive the broker.

        It is the present at first, because nothing can have been sent to a broker that has not run yet.
        """
        self.count = 0
        """The number of losses since this `up` began."""
        self._checkpoint: _Checkpoint | None = None
        self._dead_letters = 0
        before = report.left_behind
        self._sentences = list(before.losses) if before else []
        if before and before.kept_until:
            self._note_after(before.kept_until, "the last `freshline up` was killed, and its broker with it")

    def log_started(self) -> None:
        """Forget the end offsets, because they belong to the previous log."""
        self._checkpoint = None

    def broker_died(self, how: str) -> None:
        """Report that the broker died, and with it all its events whose effect is not in the journal."""
        ended_at = rfc3339_now(self._clock)
        self._note_after(self.kept_until, f"the embedded broker ended at {ended_at} ({how})")
        if self._dead_letters:
            self.dead_letters_ended(self._dead_letters)
        self.kept_until, self._checkpoint, self._dead_letters = ended_at, None, 0

    def handover_failed(self, why: str) -> None:
        """Report that events which were not acked are lost although the broker ended as planned."""
        ended_at = rfc3339_now(self._clock)
        what = f"the embedded broker ended at {ended_at} and did not give out all that waited ({why})"
        self._note_after(self.kept_until, what)

    def dead_letters_ended(self, count: int) -> None:
        """Report dead letters that end with the log: they are not handed over, as the records they refer to end too."""
        self._note(DEAD_LETTERS.format(count, rfc3339_now(self._clock)))
        self._dead_letters = 0

    def note_status(self, status: Mapping[str, Any], end_offsets: Offsets, journal: Offsets) -> None:
        """Update `kept_until` from an answer of /status.

        `end_offsets` of the item state were requested after that answer, so all item state that was searchable lies
        below them. This state outlives the broker once `journal`, the offsets up to which the journal has read, has
        reached `end_offsets`.
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
        """Write the stack report with the losses, and with these changes to its other fields."""
        self._report.update(losses=self._sentences, kept_until=self.kept_until, **changes)

    def close(self) -> None:
        """Note that `up` ends in order, so that the next `up` keeps these losses and adds none."""
        self._report.update(losses=self._sentences, kept_until=None)

    def _note_after(self, kept_until: str, what: str) -> None:
        self.count += 1
        self._note(DIED.format(what=what, since=_sent_before(kept_until)))

    def _note(self, sentence: str) -> None:
        self._say(sentence)
        self._sentences.append(sentence)
        if len(self._sentences) > LOSSES_MAX:
            self._sentences = [EARLIER, *self._sentences[-LOSSES_MAX:]]


async def count_dead_letters(kafka: Cluster, partitions: int) -> int:
    """Return the number of dead letters in the log, whose topics have so many partitions. Raises Unavailable."""
    topics = [dead_letter_topic(topic) for topic in (*INPUTS, ITEMS)]
    async with Reader(kafka) as reader:
        reader.assign(dict.fromkeys(all_partitions(*topics, each=partitions), 0))
        return sum((await reader.end_offsets()).values())


def _sent_before(arrived: str) -> str:
    return _rfc3339(int(1000 * (datetime.fromisoformat(arrived).timestamp() - UNDER_WAY_S)))


def rfc3339_now(clock: Clock) -> str:
    """Return the current time as RFC 3339, in UTC with milliseconds, so that the texts sort in the order of time."""
    return _rfc3339(clock.now_ms())


def _rfc3339(ms: int) -> str:
    return rfc3339(ms) or ""
