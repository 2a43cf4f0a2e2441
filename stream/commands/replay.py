"""`freshline replay`."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from stream.commands import options
from stream.commands.exits import interruptible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stream.replay.plan import ReplayPlan
    from stream.replay.resend import Resend
    from stream.replay.run import Replay
    from stream.replay.selection import Bound, Selection


class Asked(NamedTuple):
    """The range as it was typed."""

    first: str | None
    end: str | None
    partition: int | None
    key: str | None


def replay(
    topic: Annotated[str, typer.Argument(help="Which records to send once more.")],
    *,
    first: Annotated[
        str | None, typer.Option("--from", metavar="WHEN", help="An offset, an RFC 3339 time, or back from now: 1h.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="WHEN", help="Up to there, it not included.")] = None,
    partition: Annotated[int | None, typer.Option(min=0, help="Of this partition alone.")] = None,
    key: Annotated[str | None, typer.Option(help="Of this product alone.")] = None,
    to_topic: Annotated[str | None, typer.Option(metavar="TOPIC", help="Into this topic; else the same.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Records a second at most.")] = None,
    speed: Annotated[str | None, typer.Option(metavar="10x", help="Times as fast as they came.")] = None,
    from_dlq: Annotated[
        bool, typer.Option("--from-dlq", help="The dead letters of TOPIC, back to it, each once.")
    ] = False,
    repaired: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Values to send instead: the lines of --from-dlq --json.")
    ] = None,
    execute: Annotated[bool, typer.Option("--execute", help="Send them; without it they are only counted.")] = False,
    kafka: options.Kafka = None,
    json: options.AsJson = False,
) -> None:
    """Say which records of a topic would be sent once more, and with --execute send them.

    They keep key, value, headers and their first time: the index stays the same however often they come. Cut off, the
    same command goes on where it was.
    """
    from stream.commands.configured import brokers

    asked, at = Asked(first, end, partition, key), ",".join(brokers(kafka))
    _check_options(to_topic, rate, speed, from_dlq, repaired)
    if from_dlq:
        _resend(at, topic, asked, rate, repaired, execute, json)
    else:
        _replay(at, topic, to_topic or topic, asked, rate, speed, execute, json)


def _check_options(
    to_topic: str | None, rate: float | None, speed: str | None, from_dlq: bool, repaired: str | None
) -> None:
    from schemas.errors import WrongUsage

    if rate is not None and speed is not None:
        raise WrongUsage("--rate and --speed both set the pace: choose one")
    if repaired is not None and not from_dlq:
        raise WrongUsage("--repaired needs --from-dlq: it mends dead letters")
    if from_dlq and (to_topic is not None or speed is not None):
        raise WrongUsage("--from-dlq sends dead letters back to where they came from, without --to-topic and --speed")


def _replay(
    kafka: str,
    topic: str,
    to_topic: str,
    asked: Asked,
    rate: float | None,
    speed: str | None,
    execute: bool,
    json: bool,
) -> None:
    from stream.replay import run
    from stream.replay.rate_limit import RateLimit
    from stream.runtime.last_stack import state_dir
    from stream.runtime.printing import say

    pace = RateLimit(rate, _speed(speed))
    ready = run.prepare(kafka, topic, to_topic, _selection(asked), list(map(str, asked)), state_dir())
    plan, sent_before = ready.plan, ready.position.sent
    if sent_before:
        say(_goes_on(ready))
    facts = {"topic": topic, "target": to_topic, "sent_before": sent_before, **plan.as_json()}
    if not execute:
        _tell_plan(plan, f"{topic} to {to_topic}", facts, json)
        return
    with interruptible(lambda: _so_far(ready.position.sent - sent_before)), _bar(plan.records, json) as tell:
        began = time.monotonic()
        sent = run.execute(ready, pace, tell)
    _tell_sent(sent, f"from {topic} to {to_topic}", time.monotonic() - began, facts, json)


def _resend(
    kafka: str, topic: str, asked: Asked, rate: float | None, repaired: str | None, execute: bool, json: bool
) -> None:
    from stream.replay import resend
    from stream.runtime.printing import say

    ready = resend.prepare(kafka, topic, _selection(asked), _lines(repaired))
    facts = {"topic": topic, "target": topic, "sent_before": len(ready.done), **ready.plan.as_json()}
    if not execute and json:
        _print_letters(ready)
        return
    for reason, count in ready.reasons.most_common():
        say(f"{count:,} had been refused: {reason}")
    if not execute:
        _tell_plan(ready.plan, f"dead letters of {topic} back to it", facts, json)
        return
    sent = 0

    def note(confirmed: int) -> None:
        nonlocal sent
        sent = confirmed
        tell(confirmed)

    with interruptible(lambda: _so_far(sent)), _bar(ready.plan.records, json) as tell:
        began = time.monotonic()
        resend.execute(ready, rate, note)
    _tell_sent(sent, f"from the dead letters to {topic}", time.monotonic() - began, facts, json)


def _selection(asked: Asked) -> Selection:
    from schemas.errors import WrongUsage
    from stream.replay.selection import Selection
    from workers.clock import SystemClock

    now = SystemClock().now_ms()
    first, end = _bound("--from", asked.first, now), _bound("--to", asked.end, now)
    if any(one is not None and other is not None and one >= other for one, other in zip(first, end, strict=True)):
        raise WrongUsage(f"--from {asked.first} is not before --to {asked.end}: the range is empty")
    return Selection(first, end, asked.partition, None if asked.key is None else asked.key.encode())


def _bound(flag: str, text: str | None, now_ms: int) -> Bound:
    from schemas.errors import WrongUsage
    from stream.replay.selection import OPEN, parse_bound

    try:
        return OPEN if text is None else parse_bound(text, now_ms)
    except ValueError as error:
        raise WrongUsage(f"{flag}: {error}") from None


def _speed(text: str | None) -> float | None:
    from schemas.errors import WrongUsage
    from stream.replay.rate_limit import parse_speed

    try:
        return None if text is None else parse_speed(text)
    except ValueError as error:
        raise WrongUsage(f"--speed: {error}") from None


def _lines(file: str | None) -> list[bytes] | None:
    from stream.commands.export import opened

    if file is None:
        return None
    with opened(file) as lines:
        return list(lines)


@contextmanager
def _bar(total: int, json: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar, on a terminal alone."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, markup=False)
    columns = (MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=json or not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda sent: bar.update(task, completed=sent)


def _so_far(sent: int) -> str:
    return f"{sent:,} sent and confirmed; the same command goes on where it stopped"


def _goes_on(ready: Replay) -> str:
    from schemas.times import rfc3339

    position = ready.position
    return (
        f"goes on with the replay begun at {rfc3339(position.begun_ms)}, {position.sent:,} records of which are sent; "
        f"to begin anew, remove {position.path}"
    )


def _tell_plan(plan: ReplayPlan, what: str, facts: dict[str, Any], json: bool) -> None:
    from rich.table import Table

    from schemas.times import rfc3339
    from stream.runtime.printing import counted, print_json, say, stdout_console

    if json:
        print_json({**facts, "executed": False})
        return
    keys = ", ".join(plan.first_keys()) + (", ..." if len(plan.keys) > len(plan.first_keys()) else "")
    records = counted(plan.records, "record")
    stdout_console().print(f"{what}: {records}, {counted(plan.size_bytes, 'byte')}, {_keys(facts)} ({keys})")
    table = Table("partition", "records", "offsets", "times", box=None)
    for number, part in sorted(plan.parts.items()):
        times = f"{rfc3339(part.first_ms)} to {rfc3339(part.last_ms)}"
        table.add_row(str(number), f"{part.records:,}", f"{part.first_offset} to {part.last_offset}", times)
    stdout_console().print(table)
    if plan.copies:
        say(f"left out: {counted(plan.copies, 'record')} that earlier replays copied from records that are sent")
    say("nothing was sent: --execute sends it")


def _keys(facts: dict[str, Any]) -> str:
    from stream.runtime.printing import counted

    return ("at least " if facts["keys_are_at_least"] else "") + counted(facts["keys"], "key")


def _tell_sent(sent: int, way: str, seconds: float, facts: dict[str, Any], json: bool) -> None:
    from stream.runtime.printing import counted, print_json

    if json:
        print_json({**facts, "executed": True, "sent": sent, "seconds": round(seconds, 3)})
    else:
        print(f"{counted(sent, 'record')} sent {way} in {seconds:.1f} s ({sent / max(seconds, 1e-3):,.0f}/s)")


def _print_letters(ready: Resend) -> None:
    from stream.replay.dead_letters import as_line
    from stream.runtime.printing import counted, print_json, say
    from workers.clock import SystemClock

    with ready.letters() as found:
        for letter in found:
            print_json(as_line(letter, SystemClock().now_ms()))
    letters = counted(ready.plan.records, "dead letter")
    say(f"{letters} of {ready.topic}: mend each value, then send the lines with --repaired")
