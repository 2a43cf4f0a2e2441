"""Ctrl-C ends the demo wherever it is."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from stream.commands.demo import _interruptions

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_raised_and_remembered(number: signal.Signals) -> None:
    asked_to_stop = _interruptions()
    assert not asked_to_stop.is_set()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert asked_to_stop.is_set()


# Python drops what a finaliser raises, and says so: that is the case here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_that_a_finaliser_drops_is_remembered() -> None:
    asked_to_stop = _interruptions()

    class Finalised:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    made = Finalised()
    del made
    assert asked_to_stop.is_set()
