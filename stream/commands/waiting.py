"""Waits for a stack or a broker that is away for a moment, as when it is being started again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stream.commands.current_run import bounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.errors import Unavailable
    from stream.kafka.cluster import Cluster
    from stream.kafka.producer import Producer

T = TypeVar("T")

RETRY_INTERVAL_S = 0.2


def wait_out(ask: Callable[[], T], seconds_max: float | None = None, *, shown: bool = True) -> T:
    """Return the result of `ask`, asking again while it raises Unavailable, for `away_seconds_max` by default.

    On a terminal the person sees meanwhile what is away, and for how long it is tried again; `shown` is False within a
    display of another kind, which this one would disturb. Raises Unavailable once the time is over.
    """
    from rich.console import Console

    from workers.clock import SystemClock
    from workers.retry import for_a_while

    clock, allowed_s = SystemClock(), bounds().away_seconds_max if seconds_max is None else seconds_max
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


def connected(kafka: Cluster) -> Producer:
    """Return a producer, once a broker answers. Raises Unavailable if none does within `broker_seconds_max`."""
    from stream.commands.configured import send_spans
    from stream.kafka.producer import Producer

    limits, spans = bounds(), send_spans()
    return wait_out(
        lambda: Producer(kafka, connect_seconds_max=limits.connect_seconds_max, spans=spans), limits.broker_seconds_max
    )


def log_id(kafka: Cluster) -> str:
    """Return the id of the log, once a broker answers. Raises Unavailable if none does within `broker_seconds_max`."""
    from stream.kafka.topic_admin import topic_id
    from stream.kafka.topics import ITEMS

    limits = bounds()
    return wait_out(
        lambda: topic_id(kafka, ITEMS, connect_seconds_max=limits.connect_seconds_max), limits.broker_seconds_max
    )
