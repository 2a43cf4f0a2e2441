"""`freshline replay`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from stream.commands import options
from stream.commands.exits import interruptible
from stream.commands.progress_bar import progress_bar
from stream.commands.replay_printing import goes_on, print_dead_letters, print_plan, print_sent, so_far

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stream.kafka.cluster import Cluster
    from stream.replay.selection import Bound, Selection
    from stream.replay.sending import OnConfirmed, RateLimit
    from stream.replay.unsent import UnsentLetters


class TypedSelection(NamedTuple):
    """The selection as it was typed."""

    first: str | None
    end: str | None
    partition: int | None
    key: str | None


def replay(
    topic: Annotated[str, typer.Argument(help="The topic whose records are sent once more.")],
    *,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="WHEN", help="Where to begin: an offset, an RFC 3339 time, or 1h back."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="WHEN", help="Where to end, as for --from; not included.")
    ] = None,
    partition: Annotated[int | None, typer.Option(min=0, help="Only records of this partition.")] = None,
    key: Annotated[str | None, typer.Option(help="Only records of this product.")] = None,
    to_topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Send into this topic; left out, into the same.")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Send at most this many records a second.")] = None,
    speed: Annotated[
        str | None, typer.Option(metavar="10x", help="Send this many times as fast as the records first came.")
    ] = None,
    from_dlq: Annotated[
        bool, typer.Option("--from-dlq", help="Send the dead letters of TOPIC back to it, each once.")
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

    typed, cluster = TypedSelection(first, end, partition, key), brokers(kafka)
    limit = _rate_limit(rate, speed)
    _check_text(TOPIC=topic, **{"--to-topic": to_topic, "--key": key})
    _check_options(to_topic, speed, from_dlq, repaired)
    if from_dlq:
        _resend(cluster, topic, typed, limit, repaired, execute=execute, json=json)
    else:
        _replay(cluster, topic, to_topic or topic, typed, limit, execute=execute, json=json)


def _check_text(**typed: str | None) -> None:
    """Refuse bytes that are no text: kafka-python waits without end for what it cannot send."""
    from schemas.errors import WrongUsage
    from schemas.texts import is_text

    for name, text in typed.items():
        if text is not None and not is_text(text):
            raise WrongUsage(f"{name}: {text!r} is not UTF-8 text")


def _check_options(to_topic: str | None, speed: str | None, from_dlq: bool, repaired: str | None) -> None:
    from schemas.errors import WrongUsage

    if repaired is not None and not from_dlq:
        raise WrongUsage("--repaired needs --from-dlq: it repairs dead letters")
    if from_dlq and (to_topic is not None or speed is not None):
        raise WrongUsage("--from-dlq sends dead letters back to where they came from, without --to-topic and --speed")


def _replay(
    kafka: Cluster, topic: str, to_topic: str, typed: TypedSelection, limit: RateLimit, *, execute: bool, json: bool
) -> None:
    from stream.replay import run
    from stream.runtime.printing import say
    from stream.runtime.stacks import state_dir
    from workers.clock import SystemClock

    clock = SystemClock()
    selection = _selection(typed, clock.now_ms())
    prepared = run.prepare(kafka, topic, to_topic, selection, list(map(str, typed)), state_dir(), clock)
    plan, position, sent_before = prepared.plan, prepared.position, prepared.position.sent
    if sent_before:
        say(goes_on(prepared))
    facts = {"topic": topic, "target": to_topic, "sent_before": sent_before, **plan.as_json()}
    if not execute:
        print_plan(plan, f"{topic} to {to_topic}", facts, json)
        return
    with interruptible(lambda: so_far(position.sent - sent_before)), _sent_bar(plan.records, hidden=json) as show:
        began_s = clock.monotonic_s()
        sent = run.execute(prepared, limit, show, clock)
    print_sent(sent, f"from {topic} to {to_topic}", clock.monotonic_s() - began_s, facts, json)


def _resend(
    kafka: Cluster,
    topic: str,
    typed: TypedSelection,
    limit: RateLimit,
    repaired: str | None,
    *,
    execute: bool,
    json: bool,
) -> None:
    from stream.commands.configured import settings
    from stream.replay.unsent import read_unsent
    from stream.runtime.printing import say
    from stream.runtime.sources_file import sources_of
    from workers.clock import SystemClock

    clock, sources = SystemClock(), sources_of(settings())
    unsent = read_unsent(kafka, topic, _selection(typed, clock.now_ms()), _lines(repaired), clock, sources)
    unsent.check_any()
    facts = {"topic": topic, "target": topic, "sent_before": len(unsent.already_sent), **unsent.plan.as_json()}
    if not execute and json:
        print_dead_letters(unsent, clock.now_ms())
        return
    for reason, count in unsent.reasons.most_common():
        say(f"{count:,} had been refused: {reason}")
    if not execute:
        print_plan(unsent.plan, f"dead letters of {topic} back to it", facts, json)
        return
    _send_back(unsent, limit, facts, json=json)


def _send_back(unsent: UnsentLetters, limit: RateLimit, facts: dict[str, Any], *, json: bool) -> None:
    from stream.replay import resend
    from workers.clock import SystemClock

    clock, sent = SystemClock(), 0

    def on_confirmed(count: int) -> None:
        nonlocal sent
        sent = count
        show(count)

    with interruptible(lambda: so_far(sent)), _sent_bar(unsent.plan.records, hidden=json) as show:
        began_s = clock.monotonic_s()
        resend.execute(unsent, limit.per_second, on_confirmed, clock)
    print_sent(sent, f"from the dead letters to {unsent.topic}", clock.monotonic_s() - began_s, facts, json)


def _selection(typed: TypedSelection, now_ms: int) -> Selection:
    from schemas.errors import WrongUsage
    from stream.replay.selection import Selection

    first, end = _bound("--from", typed.first, now_ms), _bound("--to", typed.end, now_ms)
    if any(one is not None and other is not None and one >= other for one, other in zip(first, end, strict=True)):
        raise WrongUsage(f"--from {typed.first} is not before --to {typed.end}: the range is empty")
    return Selection(first, end, typed.partition, None if typed.key is None else typed.key.encode())


def _bound(flag: str, text: str | None, now_ms: int) -> Bound:
    from schemas.errors import WrongUsage
    from stream.replay.selection import OPEN, parse_bound

    try:
        return OPEN if text is None else parse_bound(text, now_ms)
    except ValueError as error:
        raise WrongUsage(f"{flag}: {error}") from None


def _rate_limit(rate: float | None, speed: str | None) -> RateLimit:
    from schemas.errors import WrongUsage
    from stream.replay.sending import RateLimit, parse_speed

    if rate is not None and speed is not None:
        raise WrongUsage("--rate and --speed both set the pace: choose one")
    try:
        return RateLimit(rate, None if speed is None else parse_speed(speed))
    except ValueError as error:
        raise WrongUsage(f"--speed: {error}") from None


def _lines(file: str | None) -> list[bytes] | None:
    from stream.commands.files import opened

    if file is None:
        return None
    with opened(file) as lines:
        return list(lines)


@contextmanager
def _sent_bar(total: int, *, hidden: bool) -> Iterator[OnConfirmed]:
    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with progress_bar(*columns, hidden=hidden) as bar:
        task = bar.add_task("", total=total)
        yield lambda sent: bar.update(task, completed=sent)
