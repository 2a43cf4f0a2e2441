"""`freshline produce`."""

from __future__ import annotations

import time
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from schemas.errors import WrongUsage
from stream.commands import options
from stream.commands.exits import FAILED, NOT_FRESH, interruptible
from stream.commands.export import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.errors import FreshlineError
    from stream.api.client import Client
    from stream.kafka.send_report import SendReport

WAIT_SECONDS_MAX = 300
WAIT_STEP_MS = 2_000


class Waited(NamedTuple):
    """How a wait for events to become searchable ended."""

    searchable: bool
    seconds: float
    why_not: str | None = None
    """A sentence, where it will not come by itself."""
    error: FreshlineError | None = None
    """Why nobody could be asked: the command ends with it, once it has told what was sent."""


class Topic(StrEnum):
    """Of input events."""

    PRODUCTS = "products"
    PRICES = "prices"
    REVIEWS = "reviews"


def produce(
    topic: Annotated[Topic, typer.Argument(help="Where to.")],
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="JSON lines, an event a line; - is stdin.")] = "-",
    *,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Events a second at most.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return once all of them are searchable.")] = False,
    kafka: options.Kafka = None,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Send events, keyed by their product_id.

    Lines that are no valid event, and those that a lost broker did not confirm, are named on stderr, the others still
    sent: exit 1, as where nothing answers to --wait. Sending stops where no broker comes back. Exit 10: the wait ran
    out, or was given up as `up` cannot keep a part of the stack running.
    """
    from itertools import islice

    from stream.commands.configured import brokers, client
    from stream.commands.following import connected, log_of
    from stream.kafka.event_lines import valid_events
    from stream.kafka.producer import at_rate
    from stream.kafka.send_report import SendReport
    from workers.clock import SystemClock

    asks, addresses = client(api) if wait else None, brokers(kafka)
    with opened(file) as lines, connected(addresses) as producer:
        sent, began = SendReport(log_of(addresses)), time.monotonic()
        records = islice(valid_events(topic, lines, sent, SystemClock()), count)
        paced_records = at_rate(records, rate, time.monotonic, time.sleep) if rate else records
        with interruptible(lambda: in_brief(sent)), _bar(json) as tell:
            producer.send_all(paced_records, sent, tell)
    took = time.monotonic() - began
    with interruptible(lambda: f"{in_brief(sent)}, not all searchable yet"):
        waited = wait_searchable(asks, sent) if asks and sent.tokens else None
    _report(topic, sent, took, waited, json)
    end_with(sent, waited)


def end_with(sent: SendReport, waited: Waited | None) -> None:
    """Raises what a command ends with once it has told what was sent; returns if all is well."""
    from stream.runtime.printing import say

    for sentence in (sent.stopped, sent.lost_log):
        if sentence:
            say(sentence)
    if waited and waited.error:
        raise waited.error
    if sent.invalid or sent.failed or sent.stopped or sent.lost_log:
        raise typer.Exit(FAILED)
    if waited and not waited.searchable:
        raise typer.Exit(NOT_FRESH)


def in_brief(sent: SendReport) -> str:
    """What was sent so far."""
    failed = f", {sent.failed:,} not confirmed" if sent.failed else ""
    return f"{sent.confirmed:,} sent and confirmed{failed}"


@contextmanager
def _bar(json: bool) -> Iterator[Callable[[SendReport], None]]:
    """A progress bar, on a terminal alone; names the refused lines as they come."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from stream.runtime.printing import say

    console = Console(stderr=True, highlight=False, markup=False)
    bar = Progress(
        TextColumn("{task.completed:,.0f} confirmed"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=json or not console.is_terminal,
    )
    task, named = bar.add_task("", total=None), 0

    def tell(sent: SendReport) -> None:
        nonlocal named
        bar.update(task, completed=sent.confirmed)
        for problem in sent.problems[named:]:
            say(problem.in_words)
        named = len(sent.problems)

    with bar:
        yield tell


def wait_searchable(asks: Client, sent: SendReport) -> Waited:
    """Whether every event sent became searchable in time. Where waiting longer cannot help, stderr says why."""
    from schemas.errors import FreshlineError
    from stream.commands.following import patiently
    from stream.runtime.printing import say

    began, waiting = time.monotonic(), sent.tokens

    def first_is_searchable() -> bool:
        return bool(asks.get("/progress", after=waiting[0], wait_ms=WAIT_STEP_MS)["searchable"])

    def given_up(why: str) -> Waited:
        say(why)
        return Waited(False, time.monotonic() - began, why)

    while waiting and time.monotonic() - began < WAIT_SECONDS_MAX:
        try:
            searchable = patiently(first_is_searchable)
        except WrongUsage as error:  # Of a token of its own: the log began anew meanwhile.
            return given_up(str(error))
        except FreshlineError as error:
            return Waited(False, time.monotonic() - began, str(error), error)
        if searchable:
            waiting.pop(0)
        elif failing := _failing(asks):
            return given_up("; ".join(failing))
    return Waited(not waiting, time.monotonic() - began)


def _failing(asks: Client) -> list[str]:
    """Empty while the index is away, too: that is waited for."""
    from schemas.errors import Unavailable

    try:
        failing: list[str] = asks.get("/status")["failing"]
    except Unavailable:
        return []
    return failing


def in_words(waited: Waited | None) -> str:
    """To go on a sentence about what was sent; empty where nobody waited."""
    if waited is None:
        return ""
    return f", {'all' if waited.searchable else 'not all'} searchable after {waited.seconds:.1f} s"


def as_json(waited: Waited | None) -> dict[str, object]:
    """Fields of a command's result; None where nobody waited."""
    if waited is None:
        return {"searchable": None, "waited_seconds": None, "why_not": None}
    return {
        "searchable": waited.searchable,
        "waited_seconds": round(waited.seconds, 3),
        "why_not": waited.why_not,
    }


def _report(topic: str, sent: SendReport, seconds: float, waited: Waited | None, json: bool) -> None:
    from stream.runtime.printing import print_json

    rate = sent.confirmed / seconds if seconds else 0.0
    if json:
        print_json(
            {
                "topic": str(topic),
                "sent": sent.confirmed,
                "invalid": sent.invalid,
                "failed": sent.failed,
                "seconds": round(seconds, 3),
                "events_per_second": round(rate, 1),
                "tokens": [str(token) for token in sent.tokens],
                **as_json(waited),
            }
        )
        return
    counts = f"{sent.confirmed:,} sent, {sent.invalid:,} invalid, {sent.failed:,} failed"
    print(f"{counts}, in {seconds:.1f} s ({rate:,.0f}/s){in_words(waited)}")
    for token in sent.tokens:
        print(f"token {token}")
