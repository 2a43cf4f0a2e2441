"""`freshline sync`."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.errors import WrongUsage
from stream.commands import options
from stream.commands.exits import interruptible
from stream.commands.files import opened
from stream.commands.progress_bar import progress_bar
from stream.commands.searchable_wait import end_with, sent_in_brief, wait_fields, wait_in_words, wait_searchable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stream.commands.searchable_wait import Waited
    from stream.kafka.cluster import Cluster
    from stream.kafka.send_report import SendReport
    from stream.sync.plan import SyncPlan
    from stream.sync.read import ReportProgress
    from stream.sync.spill import Spill
    from workers.compare.feed_diff import Difference, FeedFinding
    from workers.sources.file_events import FileFormat

VALUE_CHARACTERS_MAX = 60


class Feed(StrEnum):
    """The topics that there are full feeds for."""

    PRODUCTS = "products"
    PRICES = "prices"


def sync(
    topic: Annotated[Feed, typer.Argument(help="Whether the feed holds products or prices.")],
    file: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="Everything there is: JSON lines, or as --format says; - is stdin."),
    ],
    *,
    file_format: options.FileFormat = options.Format.FRESHLINE,
    execute: Annotated[bool, typer.Option("--execute", help="Send the difference, not only show it.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Send even if more than 20% of what is shown is gone.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return once all that was sent is searchable.")] = False,
    kafka: options.Kafka = None,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Compare a full feed with the item state; show the difference, or publish it.

    Exit 1: the feed is refused, not all was sent, or nothing answers to --wait. Exit 10: the wait ran out.
    """
    from stream.commands import configured
    from stream.commands.configured import brokers, client
    from stream.sync.plan import too_many_gone
    from stream.sync.spill import spill
    from workers.clock import SystemClock

    if wait and not execute:
        raise WrongUsage("--wait: without --execute nothing is sent that could be waited for")
    kind = configured.file_format(topic, file_format)
    clock = SystemClock()
    stack = client(api, kafka=kafka, sends=True) if wait else None
    cluster = brokers(kafka, api=api)
    with spill() as rows, _phases(hidden=json) as phase:
        plan = _plan(topic, file, kind, cluster, rows, clock.now_ms(), phase)
        refusal = None if force else too_many_gone(topic, plan)
        sent = _send(topic, cluster, rows, plan, phase("sending")) if execute and refusal is None else None
    with interruptible(lambda: f"{sent_in_brief(sent) if sent else ''}, not all searchable yet"):
        waited = wait_searchable(stack, sent, clock) if stack and sent else None
    (_print_json if json else _print)(topic, plan, sent, waited)
    if refusal is not None:
        raise refusal
    if sent:
        end_with(sent, waited)


def _plan(
    topic: str,
    file: str,
    kind: FileFormat,
    cluster: Cluster,
    rows: Spill,
    now_ms: int,
    phase: Callable[[str], ReportProgress],
) -> SyncPlan:
    """Read the feed, then the item state, and compare them. The feed counts as that of the moment `now_ms`."""
    import asyncio

    from stream.commands.waiting import log_id
    from stream.sync.plan import make_plan
    from stream.sync.read import read_feed, read_state
    from workers.sources import files

    with opened(file) as content:
        found = files.rows(content, takes_text=kind.takes_text)
        read_feed(topic, found, kind, rows, now_ms, phase("reading the feed"))
    log_id(cluster)  # Waits for a broker that is being started again; reading the state would fail at once.
    asyncio.run(read_state(cluster, rows, phase("reading the item state")))
    return make_plan(topic, rows, now_ms, phase("comparing"))


def _send(topic: str, cluster: Cluster, rows: Spill, plan: SyncPlan, progress: ReportProgress) -> SendReport:
    """Send the events of the plan. Those that are not confirmed are named on stderr."""
    from stream.commands.waiting import connected, log_id
    from stream.kafka.producer import OutgoingRecord
    from stream.kafka.send_report import SendReport
    from stream.runtime.printing import say
    from workers.sources.sources import IN_OWN_FORMAT

    sent = SendReport(log_id(cluster))
    records = (
        OutgoingRecord(event.line, topic, event.product_id.encode(), event.value, headers=IN_OWN_FORMAT)
        for event in rows.events()
    )
    left = "the same command sends what is left"
    with connected(cluster) as producer, interruptible(lambda: f"{sent_in_brief(sent)}; {left}"):
        producer.send_all(records, sent, lambda sent: progress(sent.confirmed, plan.publish))
    problems = (each.in_words if each.line else f"deletes: {each.reason}" for each in sent.problems)
    for problem in dict.fromkeys(problems):
        say(problem)
    return sent


@contextmanager
def _phases(*, hidden: bool) -> Iterator[Callable[[str], ReportProgress]]:
    """Show a progress bar for each phase that is begun; a phase is begun by its description."""
    from rich.progress import BarColumn, TimeElapsedColumn

    columns = ("{task.description}", BarColumn(), "{task.completed:,.0f}", TimeElapsedColumn())
    with progress_bar(*columns, hidden=hidden) as bar:

        def phase(description: str) -> ReportProgress:
            task = bar.add_task(description, total=None)
            return lambda done, total: bar.update(task, completed=done, total=total)

        yield phase


def _print_json(topic: str, plan: SyncPlan, sent: SendReport | None, waited: Waited | None) -> None:
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
            **wait_fields(waited),
        }
    )


def _example(finding: FeedFinding) -> dict[str, Any]:
    return {
        "product_id": finding.product_id,
        "seller": finding.seller,
        "line": finding.line or None,
        "differences": [difference._asdict() for difference in finding.differences],
    }


def _print(topic: str, plan: SyncPlan, sent: SendReport | None, waited: Waited | None) -> None:
    from stream.runtime.printing import counted

    print(f"{topic}: " + ", ".join(f"{count:,} {outcome}" for outcome, count in plan.counts.items()))
    for outcome, found in plan.examples.items():
        for finding in found:
            print(f"  {outcome:<8} {_finding_in_words(finding)}")
        if found and plan.counts[outcome] > len(found):
            print(f"  {outcome:<8} and {plan.counts[outcome] - len(found):,} more")
    if sent is None:
        print(f"{counted(plan.publish, 'event')} to send, none sent" if plan.publish else "nothing to send")
        return
    print(f"{sent.confirmed:,} sent, {sent.failed:,} failed{wait_in_words(waited)}")


def _finding_in_words(finding: FeedFinding) -> str:
    who = finding.product_id if finding.seller is None else f"{finding.product_id} of {finding.seller}"
    if finding.outcome != "changed":
        return who
    return f"{who}: " + ", ".join(map(_difference_in_words, finding.differences))


def _difference_in_words(difference: Difference) -> str:
    return f"{difference.fact} {_value(difference.before)} -> {_value(difference.after)}"


def _value(value: object) -> str:
    import orjson

    text = "none" if value is None else orjson.dumps(value).decode()
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "..."
