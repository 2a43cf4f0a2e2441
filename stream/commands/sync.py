"""`freshline sync`: what a full feed changes, and the sending of it."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.errors import WrongUsage
from stream.commands import options
from stream.commands.exits import interruptible
from stream.commands.export import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stream.commands.produce import Waited
    from stream.kafka.send_report import SendReport
    from stream.sync.plan import SyncPlan
    from stream.sync.read import Tell
    from stream.sync.spill import Spill
    from workers.compare.feed_diff import Decision, Difference

VALUE_CHARACTERS_MAX = 60


class Feed(StrEnum):
    """What there are full feeds of."""

    PRODUCTS = "products"
    PRICES = "prices"


def sync(
    topic: Annotated[Feed, typer.Argument(help="What the feed is of.")],
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="JSON lines: everything there is, as upserts; - is stdin.")
    ],
    *,
    execute: Annotated[bool, typer.Option("--execute", help="Send the difference, not only show it.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even if more than 20% of what is shown is gone.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return once all that was sent is searchable.")] = False,
    kafka: options.Kafka = None,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Compare a full feed with the item state; show the difference, or publish it.

    Exit 1: the feed cannot be taken, not all was sent, or nothing answers to --wait. Exit 10: the wait ran out.
    """
    from stream.commands.configured import brokers, client
    from stream.commands.produce import end_with, in_brief, wait_searchable
    from stream.sync.plan import too_many_gone
    from stream.sync.spill import spill

    if wait and not execute:
        raise WrongUsage("--wait: without --execute nothing is sent that could be waited for")
    asks, at = client(api) if wait else None, brokers(kafka)
    with spill() as rows, _bar(json) as phase:
        plan = _planned(topic, file, at, rows, phase)
        refusal = None if force else too_many_gone(topic, plan)
        sent = _sent(topic, at, rows, plan, phase("sending")) if execute and refusal is None else None
    with interruptible(lambda: f"{in_brief(sent) if sent else ''}, not all searchable yet"):
        waited = wait_searchable(asks, sent) if asks and sent else None
    (_print_json if json else _print)(topic, plan, sent, waited)
    if refusal is not None:
        raise refusal
    if sent:
        end_with(sent, waited)


def _planned(topic: str, file: str, brokers: list[str], rows: Spill, phase: Callable[[str], Tell]) -> SyncPlan:
    import asyncio

    from stream.commands.following import log_of
    from stream.sync.plan import planned
    from stream.sync.read import read_feed, read_state
    from workers.clock import SystemClock

    feed_is_of_ms = SystemClock().now_ms()
    with opened(file) as feed:
        read_feed(topic, feed, rows, feed_is_of_ms, phase("reading the feed"))
    log_of(brokers)  # Where the broker is away now, it may come back.
    asyncio.run(read_state(",".join(brokers), rows, phase("reading the item state")))
    return planned(topic, rows, feed_is_of_ms, phase("comparing"))


def _sent(topic: str, brokers: list[str], rows: Spill, plan: SyncPlan, tell: Tell) -> SendReport:
    """All confirmed, or named on stderr."""
    from stream.commands.following import connected, log_of
    from stream.commands.produce import in_brief
    from stream.kafka.producer import OutgoingRecord
    from stream.kafka.send_report import SendReport
    from stream.runtime.printing import say

    sent = SendReport(log_of(brokers))
    records = (OutgoingRecord(event.line, topic, event.product_id.encode(), event.value) for event in rows.events())
    left = "the same command sends what is left"
    with connected(brokers) as producer, interruptible(lambda: f"{in_brief(sent)}; {left}"):
        producer.send_all(records, sent, lambda sent: tell(sent.confirmed, plan.publish))
    for said in dict.fromkeys(each.in_words if each.line else f"deletes: {each.reason}" for each in sent.problems):
        say(said)
    return sent


@contextmanager
def _bar(json: bool) -> Iterator[Callable[[str], Tell]]:
    """A progress bar, on a terminal alone: each phase gets what moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False, markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=json or not console.is_terminal) as bar:

        def phase(description: str) -> Tell:
            task = bar.add_task(description, total=None)
            return lambda done, total: bar.update(task, completed=done, total=total)

        yield phase


def _print_json(topic: str, plan: SyncPlan, sent: SendReport | None, waited: Waited | None) -> None:
    from stream.commands.produce import as_json
    from stream.runtime.printing import print_json

    print_json(
        {
            "topic": str(topic),
            **{str(outcome): count for outcome, count in plan.counts.items()},
            "to_send": plan.publish,
            "examples": {str(outcome): [_example(each) for each in found] for outcome, found in plan.examples.items()},
            "executed": sent is not None,
            "sent": sent.confirmed if sent else 0,
            "failed": sent.failed if sent else 0,
            "tokens": [str(token) for token in sent.tokens] if sent else [],
            **as_json(waited),
        }
    )


def _example(decision: Decision) -> dict[str, Any]:
    return {
        "product_id": decision.product_id,
        "seller": decision.seller,
        "line": decision.line or None,
        "differences": [difference._asdict() for difference in decision.differences],
    }


def _print(topic: str, plan: SyncPlan, sent: SendReport | None, waited: Waited | None) -> None:
    from stream.commands.produce import in_words
    from stream.runtime.printing import counted

    print(f"{topic}: " + ", ".join(f"{count:,} {outcome}" for outcome, count in plan.counts.items()))
    for outcome, found in plan.examples.items():
        for decision in found:
            print(f"  {outcome:<8} {_in_words(decision)}")
        if found and plan.counts[outcome] > len(found):
            print(f"  {outcome:<8} and {plan.counts[outcome] - len(found):,} more")
    if sent is None:
        print(f"{counted(plan.publish, 'event')} to send, none sent" if plan.publish else "nothing to send")
        return
    print(f"{sent.confirmed:,} sent, {sent.failed:,} failed{in_words(waited)}")


def _in_words(decision: Decision) -> str:
    who = decision.product_id if decision.seller is None else f"{decision.product_id} of {decision.seller}"
    if decision.outcome != "changed":
        return who
    return f"{who}: " + ", ".join(map(_change, decision.differences))


def _change(difference: Difference) -> str:
    return f"{difference.fact} {_value(difference.before)} -> {_value(difference.after)}"


def _value(value: object) -> str:
    import orjson

    text = "none" if value is None else orjson.dumps(value).decode()
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "..."
