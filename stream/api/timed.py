"""A value that is measured again once it is some seconds old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from workers.clock import Clock

_Value = TypeVar("_Value")


class Timed(Generic[_Value]):
    """Keeps the last measurement of a value, for those who look more often than it is worth measuring."""

    def __init__(self, seconds_max: float, clock: Clock) -> None:
        """`seconds_max` is the greatest age at which the value is still given."""
        self._seconds_max = seconds_max
        self._clock = clock
        self._value: _Value | None = None
        self._good_until_s: float | None = None
        """The time up to which the value is given, by the monotonic clock; None before the first measurement."""

    def keep(self, value: _Value) -> None:
        """Keep a value that was measured just now."""
        self._value, self._good_until_s = value, self._clock.monotonic_s() + self._seconds_max

    async def get(self, measure: Callable[[], Awaitable[_Value]]) -> _Value:
        """Return the value, measured again if it is too old.

        An error of `measure` goes to the caller, and the next call measures again: no value is given that is older than
        was promised.
        """
        if self._good_until_s is None or self._clock.monotonic_s() > self._good_until_s:
            self.keep(await measure())
        return cast("_Value", self._value)
