"""What a job says of how far it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from stream.runtime import jobs

if TYPE_CHECKING:
    import pytest


def test_what_an_earlier_process_did_counts_as_done_and_not_as_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    step = jobs.Step()
    step.phase_begins("filling", 1_000, done=800)
    assert (step.done, step.items_per_second) == (800, 0)
    now_s[0] += 10
    step.done = 900
    assert step.items_per_second == 10
    step.phase_begins("comparing", 50)
    now_s[0] += 5
    step.done = 50
    assert step.items_per_second == 10
