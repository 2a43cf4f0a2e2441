"""Reads dead letters and sends them back, by the same path as `freshline replay --from-dlq`."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import orjson
from typing_extensions import override

from schemas.errors import Conflict, FreshlineError, Misconfigured, RefusedRequest, Unavailable
from schemas.times import rfc3339
from stream.api.dead_letters.interface import DeadLettersApi
from stream.api.dead_letters.models import Letter, LetterList, ReasonCount, RepairRequest, Resent
from stream.kafka.cluster import cluster_of
from stream.kafka.headers import PREFIX
from stream.replay import resend
from stream.replay.dead_letters import as_line
from stream.replay.selection import Selection
from stream.runtime.sources_file import sources_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from schemas.tokens import InputTopic
    from stream.api.context import ServingContext
    from stream.replay.dead_letters import DeadLetter
    from stream.replay.resend import Resend
    from workers.clock import Clock
    from workers.sources.sources import Sources

REASONS_MAX = 50
KINDS_MAX = 500
"""The most kinds of reasons that are told apart; the letters of all others are counted together."""
OTHER = "other reasons"
_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?!\w)""")
"""A value in a sentence, as `repr` writes it."""
SHOWN_CHARS_MAX, CUT_CHARS = 256 * 1024, 4 * 1024
"""The longest text that a page shows whole, and how much it shows of a longer one: records take 8 MB."""
WAIT_SECONDS_MAX = 10.0
"""The time that a request waits for another one that reads or sends dead letters."""


class DeadLettersService(DeadLettersApi):
    """One request at a time reads or sends dead letters: of two that send the same one, the second finds it sent."""

    def __init__(self, context: ServingContext) -> None:
        self._kafka = cluster_of(context.settings)
        self._settings = context.settings
        self._clock = context.clock
        self._turn = asyncio.Lock()

    @override
    async def waiting(self, topic: InputTopic, reason: str | None, limit: int) -> LetterList:
        async with self._alone():
            return await asyncio.to_thread(self._list, topic, reason, limit)

    @override
    async def resend(self, repair: RepairRequest) -> Resent:
        line = repair_line(repair)
        async with self._alone():
            # Not abandoned where the browser goes away: what is half sent is marked as sent.
            await asyncio.shield(asyncio.to_thread(self._send, repair.topic, line))
        return Resent(origin=repair.origin, topic=repair.topic)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("another request reads or sends dead letters: ask again") from None
        try:
            yield
        finally:
            self._turn.release()

    def _list(self, topic: InputTopic, reason: str | None, limit: int) -> LetterList:
        try:
            prepared = self._prepared(topic, None)
        except Unavailable:
            raise
        except Misconfigured as error:
            raise Unavailable(str(error)) from None
        except FreshlineError:  # There is nothing to send.
            return LetterList(topic=topic, waiting=0, sent_again=0, reasons=[], letters=[])
        return listed(prepared, topic, reason, limit, self._clock)

    def _prepared(self, topic: InputTopic, repaired: list[bytes] | None) -> Resend:
        sources = sources_of(self._settings)
        return resend.prepare(self._kafka, topic, Selection(), repaired, self._clock, sources)

    def _send(self, topic: InputTopic, line: bytes) -> None:
        try:
            prepared = self._prepared(topic, [line])
        except (Unavailable, RefusedRequest):
            raise
        except FreshlineError as error:
            sentence = str(error).removeprefix("line 1: ")
            if sentence.startswith("nothing to send"):
                raise Conflict("it was sent back already, by this page or by another: nothing was sent") from None
            raise RefusedRequest("text", f"{sentence} (nothing was sent)") from None
        resend.execute(prepared, None, lambda _: None, self._clock)


def repair_line(repair: RepairRequest) -> bytes:
    """Return the request as a line of `--repaired`. Raises RefusedRequest if its text is no JSON object."""
    try:
        value = orjson.loads(repair.text)
    except orjson.JSONDecodeError as error:
        raise RefusedRequest("text", f"is no JSON: {error} (nothing was sent)") from None
    if value is not None and not isinstance(value, dict):
        raise RefusedRequest("text", "is JSON, but not an object: an event is one object (nothing was sent)")
    try:
        return orjson.dumps({"origin": repair.origin, "value": value})
    except TypeError:
        raise RefusedRequest("text", "is nested too deeply: flatten it (nothing was sent)") from None


def listed(
    prepared: Resend,
    topic: InputTopic,
    reason: str | None,
    limit: int,
    clock: Clock,
    *,
    kinds_max: int = KINDS_MAX,
) -> LetterList:
    """Return the kinds of reasons of all letters, and the newest ones of the kind of one reason (None: of any)."""
    reasons: dict[str, ReasonCount] = {}
    newest: deque[DeadLetter] = deque(maxlen=limit)
    wanted, count = None if reason is None else kind_of(reason), 0
    with prepared.dead_letters() as letters:
        for letter in letters:
            count += 1
            why, at = kind_of(reason_of(letter)), rfc3339(letter.record.timestamp_ms)
            if why not in reasons and len(reasons) >= kinds_max:
                why = OTHER
            counted = reasons.setdefault(why, ReasonCount(reason=why, count=0, since=at, until=at))
            counted.count += 1
            counted.until = at
            if wanted in (None, why):
                newest.append(letter)
    frequent = sorted(reasons.values(), key=lambda each: (-each.count, each.reason))[:REASONS_MAX]
    return LetterList(
        topic=topic,
        waiting=count,
        sent_again=len(prepared.already_sent),
        reasons=frequent,
        letters=[shown(letter, clock.now_ms(), prepared.sources) for letter in reversed(newest)],
    )


def reason_of(letter: DeadLetter) -> str:
    """Return the sentence with which the record was refused."""
    return dict(letter.record.headers).get(f"{PREFIX}reason", b"").decode(errors="replace") or "no reason"


def kind_of(reason: str) -> str:
    """Return a reason without the values that it quotes: two letters that were refused alike are of one kind."""
    return _QUOTED.sub("'…'", reason)


def shown(letter: DeadLetter, now_ms: int, sources: Sources) -> Letter:
    """Return a letter as the page shows it."""
    line, value = as_line(letter, now_ms, sources), letter.record.value
    text = (value or b"null").decode(errors="backslashreplace")
    if isinstance(line["value"], dict):
        text = orjson.dumps(line["value"], option=orjson.OPT_INDENT_2).decode()
    is_whole = len(text) <= SHOWN_CHARS_MAX
    return Letter(
        origin=line["origin"],
        key=line["key"],
        error=line["error"],
        reason=reason_of(letter),
        refused_at=rfc3339(letter.record.timestamp_ms),
        text=text if is_whole else text[:CUT_CHARS],
        is_whole=is_whole,
        refused_again=line["refused_again"],
    )
