"""The weights of items follow their file, as all live files do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import structlog

from schemas.errors import Misconfigured
from stream.api.live_file import LiveFile
from tests.support.waiting import until
from workers.merchandising.weights import NO_WEIGHTS, Ranking, read_ranking

if TYPE_CHECKING:
    from pathlib import Path


def live(file: Path | None) -> LiveFile[Ranking]:
    return LiveFile(file, "FRESHLINE_RANKING", read_ranking, without_file=NO_WEIGHTS)


def strength(weights: LiveFile[Ranking]) -> float:
    found = weights.in_force().weights("plain", None, ("en",))
    return found.factors["rating"].strength if found is not None else 0.0


async def test_a_change_is_in_force_without_a_start_and_a_wrong_one_is_told_once_and_is_not(tmp_path: Path) -> None:
    file = tmp_path / "ranking.yaml"
    file.write_text("weights: {rating: {strength: 1}}")
    weights = live(file)
    running = asyncio.create_task(weights.run(0.001))
    try:
        with structlog.testing.capture_logs() as lines:
            file.write_text("weights: {rating: {strength: -2}}")
            await until(lambda: any(line["log_level"] == "error" for line in lines), "it is told")
            assert strength(weights) == 1
            file.write_text("weights: {rating: {strength: 2}}")
            await until(lambda: strength(weights) == 2, "the right file is in force")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    [told] = [line for line in lines if line["log_level"] == "error"]
    assert "weights.rating.strength" in told["error"]


async def test_a_file_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "ranking.yaml"
    file.write_text("")
    weights = live(file)
    file.unlink()
    looks = 0

    async def look(file: Path) -> None:
        nonlocal looks
        looks += 1
        raise Misconfigured("gone")

    weights._look = look  # type: ignore[method-assign]
    running = asyncio.create_task(weights.run(0.001))
    try:
        with structlog.testing.capture_logs() as lines:
            await until(lambda: looks > 3, "it was looked for again and again")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(lines) == 1


def test_a_file_that_is_wrong_at_the_start_ends_it_and_without_a_file_nothing_is_weighed(tmp_path: Path) -> None:
    file = tmp_path / "ranking.yaml"
    file.write_text("weights: 1")
    with pytest.raises(Misconfigured, match="FRESHLINE_RANKING"):
        live(file)
    assert strength(live(None)) == 0
