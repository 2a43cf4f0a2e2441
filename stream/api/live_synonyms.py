"""The synonyms that are in force: those of a file, which is read again once it has changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Misconfigured
from workers.words.synonyms import Synonyms, read_synonyms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.5


class LiveSynonyms:
    """The rules of a file, as they were when it was last right; no rules without a file."""

    def __init__(self, file: Path | None) -> None:
        """Read the file. Raises Misconfigured if it is wrong: nothing is in force yet that could stay."""
        self._file = file
        self._seen = b""
        self._rules = Synonyms()
        if file is not None:
            self._seen = _read(file)
            self._rules = _parsed(self._seen, file)

    def terms(self, text: str) -> Mapping[str, float]:
        """Return the terms of a query with those of its synonyms; see `Synonyms.terms`."""
        return self._rules.terms(text)

    def without_stop(self, text: str) -> str:
        """Return the query without its stop phrases; see `Synonyms.without_stop`."""
        return self._rules.without_stop(text)

    def knows(self, word: str) -> bool:
        """Return whether a word is one of the rules; see `Synonyms.knows`."""
        return self._rules.knows(word)

    async def run(self, interval_s: float = LOOK_INTERVAL_S) -> None:
        """Follow the file until cancelled. A file that is wrong is told in one line, and the rules in force stay."""
        while self._file is not None:
            await asyncio.sleep(interval_s)
            try:
                await self._look(self._file)
            except Misconfigured as error:
                log.error("synonyms not changed", error=str(error))

    async def _look(self, file: Path) -> None:
        text = await asyncio.to_thread(_read, file)
        if text != self._seen:
            self._seen = text  # A wrong file is told once.
            self._rules = _parsed(text, file)
            log.info("synonyms changed", file=str(file))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"FRESHLINE_SYNONYMS: cannot read {file}: {error.strerror}") from None


def _parsed(text: bytes, file: Path) -> Synonyms:
    try:
        return read_synonyms(text.decode(), str(file))
    except UnicodeDecodeError:
        raise Misconfigured(f"FRESHLINE_SYNONYMS: cannot read {file}: it is not UTF-8") from None
