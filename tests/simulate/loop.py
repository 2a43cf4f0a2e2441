"""An event loop that is stepped by hand, one for each simulated process: a process crashes by never being stepped
again."""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections import deque
from contextlib import contextmanager
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

Ts = TypeVarTuple("Ts")
DISPOSAL_TURNS_MAX = 100


class Clock:
    """The time of the whole simulation; it moves only when the scheduler says so."""

    def __init__(self, start_ms: int) -> None:
        self.now_s = start_ms / 1000

    def now_ms(self) -> int:
        """Return milliseconds since the epoch."""
        return int(self.now_s * 1000 + 0.5)

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return self.now_s

    def thread_s(self) -> float:
        """Seconds of a processor: nothing takes any."""
        return 0.0


class Handle:
    """A call that is due."""

    __slots__ = ("arguments", "callback", "context", "dropped")

    def __init__(self, callback: Callable[..., object], arguments: tuple[Any, ...], context: Context | None) -> None:
        self.callback = callback
        self.arguments = arguments
        self.context = context or copy_context()
        self.dropped = False

    def cancel(self) -> None:
        """Drop the call."""
        self.dropped = True

    def cancelled(self) -> bool:
        """Return whether the call was dropped."""
        return self.dropped


class ProcessLoop(asyncio.AbstractEventLoop):
    """An asyncio loop with as much as coroutines need: no I/O, no threads, no time of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ready: deque[Handle] = deque()
        """The calls that are due, in order."""
        self._timers: list[tuple[float, int, Handle]] = []
        self._timers_made = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self.errors: list[BaseException] = []
        """The exceptions that ended a task or a callback by accident."""

    def turn(self) -> None:
        """Run one iteration: all calls that are ready now, in order."""
        events._set_running_loop(self)
        try:
            for _ in range(len(self.ready)):
                handle = self.ready.popleft()
                if not handle.dropped:
                    handle.context.run(handle.callback, *handle.arguments)
        finally:
            events._set_running_loop(None)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Make this the running loop within the block."""
        events._set_running_loop(self)
        try:
            yield
        finally:
            events._set_running_loop(None)

    def next_timer_s(self) -> float | None:
        """Return when the next timer is due."""
        while self._timers and self._timers[0][2].dropped:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def wake_timers(self) -> None:
        """Make ready the calls that are due by now."""
        while self._timers and self._timers[0][0] <= self._clock.now_s:
            self.ready.append(heapq.heappop(self._timers)[2])

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task that must not end by an exception."""
        self.create_task(work).add_done_callback(self._ended)

    def dispose(self) -> None:
        """Unwind all tasks, so that nothing is left to the garbage collector. Their effects must be switched off by
        now."""
        for task in self._tasks:
            task.cancel()
        for _ in range(DISPOSAL_TURNS_MAX):
            if not self.ready:
                return
            self.turn()
        raise AssertionError("tasks do not end when they are cancelled")

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.errors.append(error)

    # What asyncio's tasks, futures and locks ask of a loop.

    def time(self) -> float:
        return self._clock.now_s

    def call_soon(self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None) -> Any:
        handle = Handle(callback, args, context)
        self.ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Any:
        return self.call_at(self._clock.now_s + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Any:
        handle = Handle(callback, args, context)
        self._timers_made += 1
        heapq.heappush(self._timers, (when, self._timers_made, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context.get("exception") or RuntimeError(context["message"]))
