"""The one retry policy: a call that raises Unavailable is repeated with bounded backoff, on tenacity.

What is done again and again anyway needs no backoff: its next round is the retry (`unless_away`, `every`). A process
that is started again is no retry: `stream.up.child_process` has the wait before that.

This module enforces docs/invariants.md#9.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple, Never, TypeVar

import structlog
from tenacity import (
    AsyncRetrying,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    stop_never,
    wait_exponential,
)

from schemas.errors import Gone, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

    BeforeWait = Callable[[Unavailable, float], object]
    """Called before each wait with (the error that was raised, the wait in seconds)."""

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Backoff(NamedTuple):
    """The wait between two attempts, which doubles each time within these bounds."""

    seconds_min: float
    seconds_max: float


class Persistence(NamedTuple):
    """The bounds on repeating a call before its caller is told that the other end is unavailable."""

    attempts_max: int
    backoff: Backoff


INDEX_BACKOFF = Backoff(0.1, 5.0)
"""The backoff of reads and writes while the index is away. Meanwhile the lanes fill and the input waits."""
BROKER_BACKOFF = Backoff(1.0, 1.0)
"""The backoff of those who follow a topic while the broker is away."""


async def until_available(
    ask: Callable[[], Awaitable[T]],
    what: str | None,
    backoff: Backoff,
    *,
    before_wait: BeforeWait | None = None,
    attempts_max: int | None = None,
) -> T:
    """Return the result of `ask`, and ask again for as long as it raises Unavailable.

    With `attempts_max`, raise the last Unavailable after that many attempts.

    `what` names the waiting part in the log; None logs nothing. Every other error is raised at once, and so is Gone,
    since no wait brings the collection back.
    """
    try:
        return await ask()
    except Unavailable as error:
        return await _ask_again(ask, error, what, backoff, before_wait, attempts_max)


async def unless_away(ask: Callable[[], Awaitable[T]], what: str, otherwise: T) -> T:
    """Return the result of one round of periodic work, or `otherwise` if it raises Unavailable, logged as `what`.

    Every other error is raised, and so is Gone.
    """
    try:
        return await ask()
    except Gone:
        raise
    except Unavailable as error:
        log.warning(what, error=str(error))
        return otherwise


async def every(
    interval_s: float, step: Callable[[], Awaitable[object]], what: str, *, rest_first: bool = False
) -> Never:
    """Take a step, and again `interval_s` after its end, until cancelled; see `unless_away` for its errors.

    With `rest_first` the first step is taken after `interval_s` too.
    """
    if rest_first:
        await asyncio.sleep(interval_s)
    while True:
        await unless_away(step, what, None)
        await asyncio.sleep(interval_s)


async def _ask_again(
    ask: Callable[[], Awaitable[T]],
    first: Unavailable,
    what: str | None,
    backoff: Backoff,
    before_wait: BeforeWait | None,
    attempts_max: int | None,
) -> T:
    """Retry after a first failure. tenacity costs 0.1 ms a call, so it is used only after a failure."""
    failed = [first]

    async def attempt() -> T:
        if failed:
            raise failed.pop()
        return await ask()

    retrying = AsyncRetrying(
        retry=retry_if_exception(_passes),
        wait=wait_exponential(multiplier=backoff.seconds_min, max=backoff.seconds_max),
        stop=stop_never if attempts_max is None else stop_after_attempt(attempts_max),
        before_sleep=_telling(what, before_wait),
        sleep=asyncio.sleep,
        reraise=True,
    )
    return await retrying(attempt)


def for_a_while(
    ask: Callable[[], T], seconds_max: float, interval_s: float, *, before_wait: BeforeWait | None = None
) -> T:
    """Return the result of `ask`, asking again for `seconds_max` at most while it raises Unavailable. It blocks.

    Raises the last Unavailable once that time is over, and everything else at once.
    """
    retrying = Retrying(
        retry=retry_if_exception(_passes),
        wait=wait_exponential(multiplier=interval_s, max=interval_s),
        stop=stop_after_delay(seconds_max),
        before_sleep=_telling(None, before_wait),
        sleep=time.sleep,
        reraise=True,
    )
    return retrying(ask)


def _passes(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and not isinstance(error, Gone)


def _telling(what: str | None, before_wait: BeforeWait | None) -> Callable[[RetryCallState], None]:
    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        assert isinstance(error, Unavailable)
        if what is not None:
            log.warning(what, error=str(error), wait_seconds=state.upcoming_sleep)
        if before_wait is not None:
            before_wait(error, state.upcoming_sleep)

    return tell
