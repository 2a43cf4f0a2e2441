"""The list of the dead letters of a topic: the newest ones, and how many there are of each kind of reason."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

import orjson

from schemas.times import rfc3339
from stream.api.dead_letters.models import Letter, LetterList, ReasonCount
from stream.kafka.headers import PREFIX
from stream.replay.dead_letters import readable, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stream.api.dead_letters.models import LetterTopic
    from stream.replay.dead_letters import DeadLetter

REASONS_MAX = 50
KINDS_MAX = 500
"""The most kinds of reasons that are told apart; the letters of all others are counted together."""
OTHER = "other reasons"
_QUOTED = re.compile(r"""(?<!\w)(?<!like )(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?!\w)""")
"""A value in a sentence, as `repr` writes it, but no example of what is to be sent (`like "19.99"`)."""
SHOWN_CHARS_MAX, CUT_CHARS = 256 * 1024, 4 * 1024
"""The longest text that a page shows whole, and how much it shows of a longer one: records take 8 MB."""


class TopicLetters:
    """Counts letters by their kinds, and keeps the newest ones of the kind of one reason (None: of any)."""

    def __init__(self, topic: LetterTopic, reason: str | None, limit: int, *, kinds_max: int = KINDS_MAX) -> None:
        self.topic = topic
        self.sent_again = 0
        self._wanted = None if reason is None else kind_of(reason)
        self._kinds_max = kinds_max
        self._reasons: dict[str, ReasonCount] = {}
        self._newest: deque[DeadLetter] = deque(maxlen=limit)
        self._shown: list[Letter] = []

    def add_all(self, letters: Iterable[DeadLetter], refused_again: Callable[[DeadLetter], str | None]) -> None:
        """Add letters, the oldest first. `refused_again`: see the field of `Letter`."""
        for letter in letters:
            kind = self._count(kind_of(reason_of(letter)), rfc3339(letter.record.timestamp_ms))
            if self._wanted in (None, kind):
                self._newest.append(letter)
        self._shown = [shown(letter, refused_again(letter)) for letter in reversed(self._newest)]

    def _count(self, kind: str, at: str | None) -> str:
        """Count a letter, and return the kind that it is counted as."""
        if kind not in self._reasons and len(self._reasons) >= self._kinds_max:
            kind = OTHER
        counted = self._reasons.setdefault(kind, ReasonCount(reason=kind, count=0, since=at, until=at))
        counted.count += 1
        counted.until = at
        return kind

    def answer(self) -> LetterList:
        """Return the kinds of all letters, the most frequent first, and the newest letters."""
        kinds = self._reasons.values()
        return LetterList(
            topic=self.topic,
            waiting=sum(each.count for each in kinds),
            sent_again=self.sent_again,
            reasons=sorted(kinds, key=lambda each: (-each.count, each.reason))[:REASONS_MAX],
            letters=self._shown,
        )


def reason_of(letter: DeadLetter) -> str:
    """Return the sentence with which the record was refused."""
    return text_of(dict(letter.record.headers).get(f"{PREFIX}reason")) or "no reason"


def kind_of(reason: str) -> str:
    """Return a reason without the values that it quotes: two letters that were refused alike are of one kind."""
    return _QUOTED.sub("'…'", reason)


def shown(letter: DeadLetter, refused_again: str | None) -> Letter:
    """Return a letter as the page shows it."""
    headers, record = dict(letter.record.headers), letter.record
    value, text = readable(record.value), (record.value or b"null").decode(errors="backslashreplace")
    if isinstance(value, dict):
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    is_whole = len(text) <= SHOWN_CHARS_MAX
    return Letter(
        origin=str(letter.identity),
        key=text_of(record.key),
        error=text_of(headers.get(f"{PREFIX}error")),
        reason=reason_of(letter),
        refused_at=rfc3339(record.timestamp_ms),
        text=text if is_whole else text[:CUT_CHARS],
        is_whole=is_whole,
        refused_again=refused_again,
    )
