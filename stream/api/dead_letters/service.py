"""Reads dead letters and sends them back, by the same path as `freshline replay --from-dlq`."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import orjson
from typing_extensions import override

from schemas.errors import Conflict, FreshlineError, Misconfigured, RefusedRequest, Unavailable
from stream.api.dead_letters.interface import DeadLettersApi
from stream.api.dead_letters.item_letters import item_letters, superseded
from stream.api.dead_letters.listing import TopicLetters
from stream.api.dead_letters.models import LetterList, RepairRequest, Resent
from stream.kafka.cluster import cluster_of
from stream.kafka.topics import ITEMS
from stream.replay import resend
from stream.replay.dead_letters import refused_again
from stream.replay.selection import Selection
from stream.replay.unsent import read_unsent
from stream.runtime.sources_file import sources_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from schemas.tokens import InputTopic
    from stream.api.context import ServingContext
    from stream.api.dead_letters.models import LetterTopic

WAIT_SECONDS_MAX = 10.0
"""The time that a request waits for another one that reads or sends dead letters."""


class DeadLettersService(DeadLettersApi):
    """One request at a time reads or sends dead letters: of two that send the same one, the second finds it sent."""

    def __init__(self, context: ServingContext) -> None:
        self._context = context
        self._kafka = cluster_of(context.settings)
        self._settings = context.settings
        self._clock = context.clock
        self._turn = asyncio.Lock()

    @override
    async def waiting(self, topic: LetterTopic, reason: str | None, limit: int) -> LetterList:
        listing = TopicLetters(topic, reason, limit)
        async with self._alone():
            await asyncio.to_thread(self._read, listing)
        if topic != ITEMS:
            return listing.answer()
        index = await self._context.collections.serving()
        return await superseded(listing.answer(), index, self._context.identity.epoch)

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

    def _read(self, listing: TopicLetters) -> None:
        """Add the letters of a topic to its list: all that wait."""
        try:
            if listing.topic == ITEMS:
                with item_letters(self._kafka) as found:
                    listing.add_all(found, lambda _: None)
            else:
                self._read_unsent(listing)
        except Misconfigured as error:
            raise Unavailable(str(error)) from None

    def _read_unsent(self, listing: TopicLetters) -> None:
        sources, now_ms = sources_of(self._settings), self._clock.now_ms()
        unsent = read_unsent(self._kafka, listing.topic, Selection(), None, self._clock, sources)
        listing.sent_again = len(unsent.already_sent)
        with unsent.dead_letters() as found:
            listing.add_all(found, lambda letter: refused_again(letter, now_ms, sources))

    def _send(self, topic: InputTopic, line: bytes) -> None:
        try:
            sources = sources_of(self._settings)
            unsent = read_unsent(self._kafka, topic, Selection(), [line], self._clock, sources)
            unsent.check_any()
        except (Unavailable, RefusedRequest):
            raise
        except FreshlineError as error:
            sentence = str(error).removeprefix("line 1: ")
            if sentence.startswith("nothing to send"):
                raise Conflict("it was sent back already, by this page or by another: nothing was sent") from None
            raise RefusedRequest("text", f"{sentence} (nothing was sent)") from None
        resend.execute(unsent, None, lambda _: None, self._clock)


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
