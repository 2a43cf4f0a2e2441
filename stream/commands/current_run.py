"""The run of a command: how long it waits for other processes, which a test may bound otherwise, and what it closes."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

T = TypeVar("T")


class CommandBounds(NamedTuple):
    """The bounds of one run of a command."""

    answer_seconds_max: float = 10.0
    """The time that the API may take to answer, besides the time that the request asks it to wait."""
    away_seconds_max: float = 60.0
    """The time that the process that answers may be away. `up` starts it again meanwhile."""
    broker_seconds_max: float = 30.0
    """The time that a broker may be away before anything is sent to it."""
    connect_seconds_max: float = 5.0
    """The time that one attempt to connect to a broker may take."""
    searchable_seconds_max: float = 300.0
    """The time that `--wait` waits until everything that was sent is searchable."""


class CommandRun(NamedTuple):
    """One run of a command: its bounds, and the connections that are closed at its end."""

    bounds: CommandBounds
    opened: ExitStack


_CURRENT: ContextVar[CommandRun] = ContextVar("command run")
"""The run is found from here, because typer calls the commands and passes them only what was typed."""


@contextmanager
def command_run(bounds: CommandBounds) -> Iterator[None]:
    """Make a run with these bounds the current one within the block."""
    with ExitStack() as opened:
        token = _CURRENT.set(CommandRun(bounds, opened))
        try:
            yield
        finally:
            _CURRENT.reset(token)


def bounds() -> CommandBounds:
    """Return the bounds of the current run; the default ones outside of a run."""
    run = _CURRENT.get(None)
    return run.bounds if run else CommandBounds()


def close_at_end(opened: AbstractContextManager[T]) -> T:
    """Enter the context, which is left when the current run ends, and return what it yields."""
    return _CURRENT.get().opened.enter_context(opened)
