"""`freshline produce`."""

from __future__ import annotations

import time
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from stream.commands import options
from stream.commands.exits import interruptible
from stream.commands.files import opened
from stream.commands.progress_bar import progress_bar
from stream.commands.searchable_wait import end_with, sent_in_brief, wait_fields, wait_in_words, wait_searchable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stream.commands.searchable_wait import Waited
    from stream.kafka.send_report import SendReport


class TopicChoice(StrEnum):
    """The topics of input events."""

    PRODUCTS = "products"
    PRICES = "prices"
    REVIEWS = "reviews"


def produce(
    topic: Annotated[TopicChoice, typer.Argument(help="The topic to send to.")],
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="JSON lines, or as --format says; - is stdin.")] = "-",
    *,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Send at most this many events a second.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
    file_format: options.FileFormat = options.Format.FRESHLINE,
    wait: Annotated[bool, typer.Option("--wait", help="Return once all of them are searchable.")] = False,
    kafka: options.Kafka = None,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Send events, keyed by their product_id. The prices in the products of a platform are sent with them.

    Lines that are no valid event, and lines that a lost broker did not confirm, are named on stderr; the others are
    still sent, and the exit code is 1. It is 1 too if nothing answers to --wait. Sending stops if no broker comes back.
    Exit code 10: the wait ran out, or ended early because `up` cannot keep a part of the stack running.
    """
    from itertools import islice

    from stream.commands import configured
    from stream.commands.configured import brokers, client
    from stream.commands.waiting import connected, log_id
    from stream.kafka.event_lines import valid_events
    from stream.kafka.send_rate import at_rate
    from stream.kafka.send_report import SendReport
    from workers.clock import SystemClock
    from workers.sources.files import rows

    clock, kind = SystemClock(), configured.file_format(topic, file_format)
    stack, cluster = client(api, kafka=kafka, sends=True) if wait else None, brokers(kafka, api=api)
    with opened(file) as content, connected(cluster) as producer:
        sent, began_s = SendReport(log_id(cluster)), clock.monotonic_s()
        found = rows(content, takes_text=kind.takes_text)
        records = islice(valid_events(found, kind, sent, clock), count)
        limited = at_rate(records, rate, clock.monotonic_s, time.sleep) if rate else records
        with interruptible(lambda: sent_in_brief(sent)), _confirmed_bar(hidden=json) as show:
            producer.send_all(limited, sent, show)
    took_s = clock.monotonic_s() - began_s
    with interruptible(lambda: f"{sent_in_brief(sent)}, not all searchable yet"):
        waited = wait_searchable(stack, sent, clock) if stack and sent.tokens else None
    (_print_json if json else _print)(topic, sent, took_s, waited)
    end_with(sent, waited)


@contextmanager
def _confirmed_bar(*, hidden: bool) -> Iterator[Callable[[SendReport], None]]:
    """Show how many events are confirmed, and print each refused line as soon as it is known."""
    from rich.progress import BarColumn, TimeElapsedColumn

    from stream.runtime.printing import say

    printed = 0
    with progress_bar("{task.completed:,.0f} confirmed", BarColumn(), TimeElapsedColumn(), hidden=hidden) as bar:
        task = bar.add_task("", total=None)

        def show(sent: SendReport) -> None:
            nonlocal printed
            bar.update(task, completed=sent.confirmed)
            for problem in sent.problems[printed:]:
                say(problem.in_words)
            printed = len(sent.problems)

        yield show


def _print_json(topic: str, sent: SendReport, seconds: float, waited: Waited | None) -> None:
    from stream.runtime.printing import print_json

    print_json(
        {
            "topic": str(topic),
            "sent": sent.confirmed,
            "invalid": sent.invalid,
            "failed": sent.failed,
            "seconds": round(seconds, 3),
            "events_per_second": round(_per_second(sent, seconds), 1),
            "tokens": [str(token) for token in sent.tokens],
            **wait_fields(waited),
        }
    )


def _print(_topic: str, sent: SendReport, seconds: float, waited: Waited | None) -> None:
    counts = f"{sent.confirmed:,} sent, {sent.invalid:,} invalid, {sent.failed:,} failed"
    print(f"{counts}, in {seconds:.1f} s ({_per_second(sent, seconds):,.0f}/s){wait_in_words(waited)}")
    for token in sent.tokens:
        print(f"token {token}")


def _per_second(sent: SendReport, seconds: float) -> float:
    return sent.confirmed / seconds if seconds else 0.0
