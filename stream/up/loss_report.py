"""What embedded brokers took with them, each loss with the times between which it was sent."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stream.kafka.partitions import Partition
    from stream.runtime.stack_report import StackReportFile

    Places = Mapping[Partition, int]

UNDER_WAY_S = 1.0
"""For which an event may be under way to the broker: times are those of arrival, and people know when they sent it."""
LOSSES_MAX = 5
"""That are kept word by word; `up` has told the earlier ones too."""
EARLIER = "there were earlier ones, which the output of `freshline up` names"
DIED = "{what}: changes sent after {since} may be missing, send them again"
LETTERS = "{:,} dead letters ended with the log of the embedded broker at {}: send again, mended, what they held"


class _Look(NamedTuple):
    searchable_until: str
    ends: Places
    """Of the item log, asked for later than that."""


class LossReport:
    """Told to the person at once, and in the report until `up` ends in order."""

    def __init__(self, report: StackReportFile, say: Callable[[str], None]) -> None:
        self._report = report
        self._say = say
        self.kept_until = now()
        """RFC 3339: what was sent before would outlive the broker. It did not run yet, so nothing was."""
        self.count = 0
        """Losses of changes, since this `up` began."""
        self._look: _Look | None = None
        self._letters = 0
        before = report.left_behind
        self._sentences = list(before.losses) if before else []
        if before and before.kept_until:
            self._note_after(before.kept_until, "the last `freshline up` was killed, and its broker with it")

    def log_began(self) -> None:
        """Ends that were looked at are those of another log."""
        self._look = None

    def broker_died(self, how: str) -> None:
        """What it had not given out is lost."""
        ended_at = now()
        self._note_after(self.kept_until, f"the embedded broker ended at {ended_at} ({how})")
        if self._letters:
            self.letters_end(self._letters)
        self.kept_until, self._look, self._letters = ended_at, None, 0

    def tail_lost(self, why: str) -> None:
        """The broker ended as planned, and what was not finished is lost."""
        what = f"the embedded broker ended at {now()} and did not give out all that waited ({why})"
        self._note_after(self.kept_until, what)

    def letters_end(self, count: int) -> None:
        """They are not carried: where they came from is in the log that ends."""
        self._note(LETTERS.format(count, now()))
        self._letters = 0

    def heard(self, status: Mapping[str, Any], ends: Places, journal: Places) -> None:
        """An answer of /status, and then the ends of the item log; `journal`: how far the journal is in it now.

        What was searchable lies below those ends: it outlives the broker once the journal has come there.
        """
        self._letters = sum(status["dead_letters"].values())
        look = self._look
        if look and all(journal[place] >= end for place, end in look.ends.items()):
            self.kept_until, look = look.searchable_until, None
        times = [time or "" for time in status["fresh_as_of"].values()]
        if look is None and times and all(times):
            look = _Look(max(self.kept_until, min(times)), ends)
        self._look = look

    def update(self, **changes: Any) -> None:
        """Writes the report, with these changes to what else is in it."""
        self._report.update(losses=self._sentences, kept_until=self.kept_until, **changes)

    def leave(self) -> None:
        """`up` ends in order: the next one has what this one told, and nothing to add."""
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
    return _rfc3339(datetime.fromisoformat(arrived).timestamp() - UNDER_WAY_S)


def now() -> str:
    """RFC 3339, in UTC with milliseconds: what sorts as time does."""
    return _rfc3339(time.time())


def _rfc3339(seconds: float) -> str:
    return rfc3339(int(1000 * seconds)) or ""
