"""How a worker process begins and ends: logs, signals, exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn, TextIO, cast

import structlog
import uvloop

from schemas.errors import FreshlineError, Misconfigured
from stream.runtime import memory
from stream.runtime.exit_codes import EXIT_MISCONFIGURED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

log = structlog.get_logger(__name__)

CHATTY = ("aiokafka", "faust", "mode", "kafka", "httpx", "uvicorn", "stream.agents.transport", "stream.agents.app")

SWITCH_INTERVAL_S = 0.0001
"""For which a thread that needs Python may have to wait: with Python's 5 ms, at each hop of a query."""


class Failure:
    """Where any part says that the process cannot go on; the composition root waits for it."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(self, error: BaseException) -> None:
        """The first error counts."""
        if not self._future.done():
            self._future.set_exception(error)

    async def wait(self) -> None:
        """Raises the first error."""
        await asyncio.shield(self._future)


class _Lines:
    """Lines for people: a full disk may take them, and nothing else with them. (logging does the same.)"""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        """Or not."""
        with contextlib.suppress(OSError):
            self._out.write(text)

    def flush(self) -> None:
        """Or not."""
        with contextlib.suppress(OSError):
            self._out.flush()


def set_up_logs() -> None:
    """One line an event on stderr, key=value; libraries from warnings on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Lines(sys.stderr))),
    )


def run(main: Callable[[], Coroutine[None, None, None]]) -> int:
    """Runs until `main` ends or SIGTERM cancels it; the exit code: 0, or another with what happened on stderr."""
    set_up_logs()
    memory.tune_collector()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # As a policy: Faust's consumer thread makes a loop of its own.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    # Ctrl-C reaches the whole process group: `up` hears it, and stops its children in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        asyncio.run(_until_terminated(main))
    except Misconfigured as error:
        print(error, file=sys.stderr)
        return EXIT_MISCONFIGURED
    except FreshlineError as error:
        print(error, file=sys.stderr)
        return 1
    except BaseExceptionGroup as group:
        return _failed(group)
    except Exception as error:
        log.error("failed", exc_info=error)
        return 1
    return 0


def exit_now(code: int) -> NoReturn:
    """Ends the process, also where a thread of a library hangs and Python would wait for it for ever."""
    logging.shutdown()
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _failed(group: BaseExceptionGroup[BaseException]) -> int:
    """What is an answer to a person needs no traceback; the first one is the cause."""
    said, bugs = group.split(FreshlineError)
    if said is not None:
        print(_first(said), file=sys.stderr)
    if bugs is not None:
        log.error("failed", exc_info=bugs)
    return EXIT_MISCONFIGURED if bugs is None and isinstance(_first(group), Misconfigured) else 1


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _until_terminated(main: Callable[[], Coroutine[None, None, None]]) -> None:
    task = asyncio.ensure_future(main())
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    if not terminated and task.cancelled():
        raise RuntimeError("the process was cancelled from within")
