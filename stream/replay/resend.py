"""Sends the dead letters of a topic back to it, each origin once."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.errors import FreshlineError, Misconfigured
from stream.kafka.headers import PREFIX, dead_letter_topic
from stream.kafka.partitions import Partition
from stream.kafka.producer import Producer, at_rate
from stream.kafka.topics import topic_layout
from stream.replay.dead_letters import (
    LETTER_OF,
    dead_letter_of,
    of_another_product,
    read_repairs,
    refusal,
    repaired_key,
    resent,
)
from stream.replay.ledger import read_ledger
from stream.replay.offset_range import OffsetRange, ends_now, find_range
from stream.replay.plan import ReplayPlan
from stream.replay.run import OWN_LOGS
from stream.replay.selection import Selection
from stream.replay.send_in_order import send_in_order
from stream.replay.source import Source
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from stream.kafka.reader import Record
    from stream.kafka.topics import TopicLayout
    from stream.replay.dead_letters import DeadLetter, Repair
    from stream.replay.ledger import ResendLedger

SAVE_INTERVAL_S = 1.0
REASONS_MAX = 20
"""Different reasons that are counted apart."""
OTHER_REASONS = "other reasons"

Place = tuple[int, int]
"""Partition and offset of a letter's origin."""


@dataclass(frozen=True, slots=True)
class Resend:
    """Letters that were looked into and not sent."""

    kafka: str
    topic: str
    target: TopicLayout
    """Of the topic."""
    span: OffsetRange
    """Of the dead letters; fixed before anything is sent."""
    selection: Selection
    repairs: dict[str, Repair] | None
    """By origin; then no other letters are sent. None: all, as they are."""
    memory: ResendLedger
    done: set[Place]
    """Sent again already."""
    plan: ReplayPlan = field(default_factory=ReplayPlan)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why the letters to send were refused."""

    @contextmanager
    def letters(self) -> Iterator[Iterator[DeadLetter]]:
        """Those to send, one of each origin."""
        with Source(self.kafka, self.span) as source:
            yield self._due(source.records())

    def repair(self, letter: DeadLetter) -> Repair | None:
        """What to send instead of what the letter holds."""
        return None if self.repairs is None else self.repairs[str(letter.place)]

    def _due(self, records: Iterable[Record]) -> Iterator[DeadLetter]:
        seen = set(self.done)
        for record in records:
            letter = dead_letter_of(record, self.topic, self.target.topic_id) if self.selection.takes(record) else None
            if letter is None or _place(letter) in seen:
                continue
            if self.repairs is None or str(letter.place) in self.repairs:
                seen.add(_place(letter))
                yield letter


def prepare(kafka: str, topic: str, selection: Selection, repaired: Iterable[bytes] | None) -> Resend:
    """Reads all dead letters of the topic and what is remembered of them; sends nothing.

    `selection` is of the dead letters: their offsets, times and keys. `repaired`: lines of values to send instead.
    Raises Misconfigured if there is no such topic or it is one of Freshline's own, FreshlineError if nothing is left to
    send, or if a repair has no letter or would be refused again; Unavailable.
    """
    if topic in OWN_LOGS:
        raise Misconfigured(
            f"{topic} is written by Freshline alone: freshline reconcile --repair tries its items again"
        )
    repairs = None if repaired is None else read_repairs(repaired)
    target, letters = topic_layout(kafka, topic), topic_layout(kafka, dead_letter_topic(topic))
    memory = read_ledger(kafka, letters.topic_id)
    every = find_range(kafka, dead_letter_topic(topic), letters.partitions, Selection())
    span = find_range(kafka, dead_letter_topic(topic), letters.partitions, selection)
    done, known = _looked_through(kafka, topic, target.topic_id, every, memory, repairs or {})
    for place, repair in (repairs or {}).items():
        if place not in known:
            raise FreshlineError(f"line {repair.line}: there is no dead letter of {place}")
    resend = Resend(kafka, topic, target, span, selection, repairs, memory, done)
    _count(resend)
    if not resend.plan.records:
        raise FreshlineError(f"nothing to send: {_nothing_left(resend)}")
    return resend


def execute(resend: Resend, per_second: float | None, tell: Callable[[int], None]) -> int:
    """Sends them, at most so many a second; returns how many. `tell` hears of each.

    What is confirmed is remembered in the log every second; what a killed run sent beyond that, the next one finds in
    the topic itself. Raises Unavailable.
    """
    sent, saved = 0, time.monotonic()
    with Producer(resend.kafka.split(",")) as producer, resend.letters() as letters:
        resend.memory.save(producer)
        places = [Partition(resend.topic, number) for number in range(resend.target.partitions)]
        resend.memory.begin(producer, {p.number: end for p, end in ends_now(resend.kafka, places).items()})

        def confirmed(letter: DeadLetter) -> None:
            nonlocal sent, saved
            sent += 1
            resend.memory.mark(letter.record.partition.number, letter.record.offset)
            if time.monotonic() - saved > SAVE_INTERVAL_S:
                resend.memory.save(producer)
                saved = time.monotonic()
            tell(sent)

        timed = at_rate(letters, per_second, time.monotonic, time.sleep) if per_second else letters
        send_in_order(
            producer, timed, lambda letter: resent(letter, resend.repair(letter), resend.target.partitions), confirmed
        )
        resend.memory.finish(producer)
    return sent


def _nothing_left(resend: Resend) -> str:
    every = resend.selection == Selection()
    if resend.repairs is not None:
        sent = "all of these lines were sent again already" + ("" if every else ", or are of none that was asked for")
        return sent if resend.repairs else "there are no repaired lines"
    if not resend.done:
        chosen = "" if every else " that were asked for"
        return f"there are no dead letters of {resend.topic}{chosen}"
    done = len(resend.done)
    were = "was" if done == 1 else "were"
    return f"of the dead letters of {resend.topic}, {done:,} {were} sent again already, and no others are left"


def _looked_through(
    kafka: str, topic: str, topic_id: str, every: OffsetRange, memory: ResendLedger, wanted: Container[str]
) -> tuple[set[Place], set[str]]:
    """Origins that were sent again, and those wanted that there are; what an unfinished run sent is marked."""
    found, done, known = _sent_by_unfinished_run(kafka, topic, memory), set[Place](), set[str]()
    with Source(kafka, every) as source:
        for record in source.records():
            if (letter := dead_letter_of(record, topic, topic_id)) is None:
                continue
            if str(letter.place) in wanted:
                known.add(str(letter.place))
            if str(letter.place).encode() in found:
                memory.mark(record.partition.number, record.offset)
            if (record.partition.number, record.offset) in memory:
                done.add(_place(letter))
    return done, known


def _sent_by_unfinished_run(kafka: str, topic: str, memory: ResendLedger) -> set[bytes]:
    """What a run that was killed sent and could not remember: the topic itself says it."""
    if memory.unfinished is None:
        return set()
    first = {Partition(topic, number): end for number, end in memory.unfinished.items()}
    with Source(kafka, OffsetRange(first, ends_now(kafka, first))) as source:
        return {dict(record.headers).get(LETTER_OF, b"") for record in source.records()}


def _count(resend: Resend) -> None:
    with resend.letters() as letters:
        for letter in letters:
            if resend.repairs is not None:
                _check(letter, resend.repairs[str(letter.place)])
            resend.plan.count(letter.record)
            reason = dict(letter.record.headers).get(f"{PREFIX}reason", b"").decode(errors="replace")
            known = reason in resend.reasons or len(resend.reasons) < REASONS_MAX
            resend.reasons[reason if known else OTHER_REASONS] += 1


def _check(letter: DeadLetter, repair: Repair) -> None:
    if of_another_product(letter, repair):
        raise FreshlineError(f"line {repair.line}: {letter.place} is of another product than this value: mend that one")
    if why := refusal(letter, repair.value, repaired_key(letter, repair), SystemClock().now_ms()):
        raise FreshlineError(f"line {repair.line}: {letter.place} would be refused again: {why}")


def _place(letter: DeadLetter) -> Place:
    return letter.place.partition, letter.place.offset
