"""Waits for a stack or a broker that is away for a moment, as when it is being started again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.errors import Unavailable
    from stream.kafka.producer import Producer

T = TypeVar("T")

RETRY_INTERVAL_S = 0.2
AWAY_SECONDS_MAX = 60.0
"""How long the process that answers may be away. `up` starts it again meanwhile."""
BROKER_SECONDS_MAX = 30.0


def wait_out(ask: Callable[[], T], seconds_max: float | None = None, *, shown: bool = True) -> T:
    """Return what `ask` returns, asking again while it raises Unavailable, for AWAY_SECONDS_MAX by default.

    On a terminal the person sees meanwhile what is away, and for how long it is tried again; `shown` is False within a
    display of another kind, which this one would disturb. Raises Unavailable once the time is over.
    """
    from rich.console import Console

    from workers.clock import SystemClock
    from workers.retry import for_a_while

    clock, allowed_s = SystemClock(), AWAY_SECONDS_MAX if seconds_max is None else seconds_max
    deadline_s = clock.monotonic_s() + allowed_s
    status = Console(stderr=True, highlight=False, markup=False).status("")

    def show(error: Unavailable, _wait_seconds: float) -> None:
        status.update(f"{error}; tried again for {deadline_s - clock.monotonic_s():.0f} s")
        if shown:
            status.start()

    try:
        return for_a_while(ask, allowed_s, RETRY_INTERVAL_S, before_wait=show)
    finally:
        status.stop()


def connected(addresses: list[str]) -> Producer:
    """Return a producer, once a broker answers. Raises Unavailable if none does within BROKER_SECONDS_MAX."""
    from stream.kafka.producer import Producer

    return wait_out(lambda: Producer(addresses), BROKER_SECONDS_MAX)


def log_id(addresses: list[str]) -> str:
    """Return the id of the log, once a broker answers. Raises Unavailable if none does within BROKER_SECONDS_MAX."""
    from stream.kafka.topics import ITEMS, topic_id

    return wait_out(lambda: topic_id(",".join(addresses), ITEMS), BROKER_SECONDS_MAX)
