"""Follows long work on a running stack: a progress bar on a terminal, else lines; its report at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from schemas.errors import FreshlineError, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.api.client import Client
    from stream.kafka.producer import Producer

T = TypeVar("T")

LOOK_INTERVAL_S = 0.2
LINE_INTERVAL_S = 10.0
"""Of the lines that say how far it is where there is no terminal."""
AWAY_SECONDS_MAX = 60.0
"""The process that does the work may be started again meanwhile; work that outlives it goes on."""
BROKER_SECONDS_MAX = 30.0


def follow(client: Client, path: str, *, quiet: bool, **asked: object) -> dict[str, Any]:
    """Asks for the job at this path, with these parameters, and returns its result once it is done.

    Asks again where the process that did it ended, and the next one knows of none: it goes on with what is there.
    Raises FreshlineError with its reason if it failed, Unavailable if nothing answers for a minute.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False, markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    hidden = quiet or not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=None, pace="")
        lines = _Lines(client.post(path, **asked)["phase"], quiet=quiet or console.is_terminal)
        while (report := _report(client, path, asked))["state"] == "running":
            lines.tell(report)
            bar.update(
                task,
                description=report["phase"],
                completed=report["done"],
                total=report["total"],
                pace=_pace(report),
            )
            time.sleep(LOOK_INTERVAL_S)
    if report["state"] == "failed":
        raise FreshlineError(str(report["error"]))
    result: dict[str, Any] = report["result"]
    return result


class _Lines:
    """How far it is, in lines: at each further phase, and every ten seconds."""

    def __init__(self, phase: str, *, quiet: bool) -> None:
        """`phase`: the first, in which it may still be refused: that is one line, if it takes no longer."""
        self._quiet = quiet
        self._begin(phase)

    def tell(self, report: dict[str, Any]) -> None:
        """If it is time for a line."""
        from stream.runtime.printing import say

        if self._quiet or (report["phase"] == self._phase and time.monotonic() < self._next_s):
            return
        self._begin(report["phase"])
        far = f": {report['done']:,} of {report['total']:,}, {_pace(report)}" if report["total"] else ""
        say(f"{report['phase']}{far}")

    def _begin(self, phase: str) -> None:
        self._phase, self._next_s = phase, time.monotonic() + LINE_INTERVAL_S


def patiently(ask: Callable[[], T], seconds: float | None = None, *, shown: bool = True) -> T:
    """Its answer. Raises Unavailable if there is none within a minute.

    `shown`: on a terminal it says meanwhile what is away; not within a display of another kind.
    """
    from rich.console import Console

    deadline = time.monotonic() + (AWAY_SECONDS_MAX if seconds is None else seconds)
    status = Console(stderr=True, highlight=False, markup=False).status("")
    try:
        while True:
            try:
                return ask()
            except Unavailable as error:
                if time.monotonic() >= deadline:
                    raise
                status.update(f"{error}; tried again for {deadline - time.monotonic():.0f} s")
                if shown:
                    status.start()
                time.sleep(LOOK_INTERVAL_S)
    finally:
        status.stop()


def connected(addresses: list[str]) -> Producer:
    """A producer; one whose broker is started again just now is waited for. Raises Unavailable."""
    from stream.kafka.producer import Producer

    return patiently(lambda: Producer(addresses), BROKER_SECONDS_MAX)


def log_of(addresses: list[str]) -> str:
    """The id of the log, waited for as `connected`. Raises Unavailable."""
    from stream.kafka.topics import ITEMS, topic_id

    return patiently(lambda: topic_id(",".join(addresses), ITEMS), BROKER_SECONDS_MAX)


def _report(client: Client, path: str, asked: dict[str, object]) -> dict[str, Any]:
    def ask() -> dict[str, Any]:
        while True:
            try:
                report: dict[str, Any] = client.get(path)
            except NotFound:
                client.post(path, **asked)
            else:
                return report

    return patiently(ask, shown=False)


def _pace(report: dict[str, Any]) -> str:
    left = report["seconds_left"]
    return f"{report['items_per_second']:,.0f}/s" + ("" if left is None else f", {left:,.0f} s left")
