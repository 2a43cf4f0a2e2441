"""The start and the end of a worker process: its signals and exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import structlog
import uvloop

from schemas.errors import FreshlineError
from stream.runtime.logs import set_up_logs
from workers import memory
from workers.query_gate import SWITCH_INTERVAL_S

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

log = structlog.get_logger(__name__)

BUG_EXIT_CODE = 1


class Failure:
    """The first error after which the process cannot go on. Any part reports one; the composition root waits for it."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(self, error: BaseException) -> None:
        """Report an error that ends the process. Only the first one counts."""
        if not self._future.done():
            self._future.set_exception(error)

    async def wait(self) -> None:
        """Wait until an error is reported, and raise it."""
        await asyncio.shield(self._future)


def run(main: Callable[[], Coroutine[None, None, None]]) -> int:
    """Run `main` until it ends or SIGTERM cancels it, and return the exit code.

    The code is 0, or another one after a line on stderr that says what happened.
    """
    set_up_logs()
    memory.tune_collector()
    memory.trim_regularly()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # Set as a policy, because Faust's consumer thread makes a loop of its own.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    # Ctrl-C reaches the whole process group. Only `up` reacts to it, and stops its child processes in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        asyncio.run(_until_terminated(main))
    except FreshlineError as error:
        print(error, file=sys.stderr)
        return error.worker_exit_code
    except BaseExceptionGroup as group:
        return _failed(group)
    except Exception as error:
        log.error("failed", exc_info=error)
        return BUG_EXIT_CODE
    return 0


def exit_now(code: int) -> NoReturn:
    """End the process even if a thread of a library hangs, for which Python would wait without end."""
    logging.shutdown()
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _failed(group: BaseExceptionGroup[BaseException]) -> int:
    """Print the failure and return the exit code.

    An error with a sentence for a person needs no traceback. The first error of a group is the cause of the others.
    """
    explained, bugs = group.split(FreshlineError)
    if explained is not None:
        print(_first(explained), file=sys.stderr)
    if bugs is not None:
        log.error("failed", exc_info=bugs)
    cause = _first(group)
    return cause.worker_exit_code if bugs is None and isinstance(cause, FreshlineError) else BUG_EXIT_CODE


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
