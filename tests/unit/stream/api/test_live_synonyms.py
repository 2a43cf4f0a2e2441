"""Synonyms follow their file, and a file that is wrong changes nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import structlog

from schemas.errors import Misconfigured
from stream.api.live_synonyms import LiveSynonyms
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def followed(file: Path) -> AsyncIterator[LiveSynonyms]:
    live = LiveSynonyms(file)
    running = asyncio.create_task(live.run(0.001))
    try:
        yield live
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_change_of_the_file_is_in_force_without_a_start(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.yaml"
    file.write_text("synonyms: [[sofa, couch]]")
    async with followed(file) as live:
        assert "couch" in live.terms("sofa")
        file.write_text("synonyms: [[sofa, settee]]\nstop: [buy]")
        await until(lambda: "settee" in live.terms("sofa"), "the change is in force")
        assert "couch" not in live.terms("sofa") and live.without_stop("buy sofa") == "sofa" and live.knows("buy")


@pytest.mark.parametrize("wrong", ["synonyms: [[sofa, sofa]]", "rules: []", "[", None])
async def test_a_file_that_is_wrong_or_gone_is_told_and_the_rules_in_force_stay(
    tmp_path: Path, wrong: str | None
) -> None:
    file = tmp_path / "synonyms.yaml"
    file.write_text("synonyms: [[sofa, couch]]")
    with structlog.testing.capture_logs() as lines:
        async with followed(file) as live:
            if wrong is None:
                file.unlink()
            else:
                file.write_text(wrong)
            await until(lambda: bool(lines), "it is told")
            assert "couch" in live.terms("sofa")
            file.write_text("synonyms: [[sofa, settee]]")
            await until(lambda: "settee" in live.terms("sofa"), "the right file is in force")
    assert lines[0]["event"] == "FRESHLINE_SYNONYMS not changed" and "FRESHLINE_SYNONYMS: " in lines[0]["error"]


def test_a_file_that_is_wrong_at_the_start_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.yaml"
    for content in (b"stop: 1", b"\xff"):
        file.write_bytes(content)
        with pytest.raises(Misconfigured, match="FRESHLINE_SYNONYMS"):
            LiveSynonyms(file)
    with pytest.raises(Misconfigured, match="cannot read"):
        LiveSynonyms(tmp_path / "none.yaml")


async def test_without_a_file_there_are_no_rules_and_nothing_to_follow() -> None:
    live = LiveSynonyms(None)
    await live.run()
    assert live.without_stop("buy sofa") == "buy sofa" and not live.knows("sofa")
