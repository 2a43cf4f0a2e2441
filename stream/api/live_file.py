"""A file of rules that a setting names, which is read again once it has changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

from schemas.errors import Misconfigured
from schemas.setting_files import read_setting_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.5

Rules = TypeVar("Rules")


class LiveFile(Generic[Rules]):
    """The rules of a file, as they were when it was last right; those given without a file."""

    def __init__(
        self, file: Path | None, setting: str, parse: Callable[[str, str], Rules], *, without_file: Rules
    ) -> None:
        """Read the file. Raises Misconfigured if it is wrong: nothing is in force yet that could stay.

        `parse` takes the text and the name of the file, and raises Misconfigured.
        """
        self._file = file
        self._setting = setting
        self._parse = parse
        self._seen = ""
        self._rules = without_file
        if file is not None:
            self._seen = read_setting_file(file, setting)
            self._rules = parse(self._seen, str(file))

    def in_force(self) -> Rules:
        """Return the rules that are in force now."""
        return self._rules

    async def run(self, interval_s: float = LOOK_INTERVAL_S) -> None:
        """Follow the file until cancelled. A file that is wrong is told in one line, and the rules in force stay."""
        told = ""
        while self._file is not None:
            await asyncio.sleep(interval_s)
            try:
                await self._look(self._file)
                told = ""
            except Misconfigured as error:
                if str(error) != told:
                    log.error(f"{self._setting} not changed", error=str(error))
                told = str(error)

    async def _look(self, file: Path) -> None:
        text = await asyncio.to_thread(read_setting_file, file, self._setting)
        if text != self._seen:
            self._seen = text  # A wrong file is told once.
            self._rules = self._parse(text, str(file))
            log.info(f"{self._setting} changed", file=str(file))
