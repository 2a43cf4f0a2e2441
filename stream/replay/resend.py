"""Sends the dead letters of a topic back to it, each dead letter once."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.errors import FreshlineError, Misconfigured
from stream.kafka.headers import PREFIX, dead_letter_topic
from stream.kafka.partitions import Partition, all_partitions
from stream.kafka.producer import Producer
from stream.kafka.send_rate import at_rate
from stream.kafka.topic_admin import topic_layout
from stream.replay.dead_letters import (
    DEAD_LETTER_OF,
    dead_letter_of,
    is_in_form_of_source,
    names_another_product,
    read_repairs,
    record_to_send,
    refusal,
)
from stream.replay.ledger import read_ledger
from stream.replay.offset_range import OffsetRange, end_offsets_now, find_range
from stream.replay.plan import ReplayPlan
from stream.replay.run import OWN_TOPICS
from stream.replay.selection import Selection
from stream.replay.sending import RefusedRecords, SaveTimer, send_in_order
from stream.replay.source import ReplaySource

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from stream.kafka.cluster import Cluster
    from stream.kafka.producer import OutgoingRecord
    from stream.kafka.reader import Record
    from stream.kafka.topic_admin import TopicLayout
    from stream.replay.dead_letters import DeadLetter, Repair
    from stream.replay.ledger import ResendLedger
    from stream.replay.sending import OnConfirmed
    from workers.clock import Clock
    from workers.sources.sources import Sources

REASONS_MAX = 20
"""The most different reasons that are counted each on its own."""
OTHER_REASONS = "other reasons"

DeadLetterKey = tuple[int, int]
"""The partition and offset of a dead letter's identity."""


@dataclass(frozen=True, slots=True)
class Resend:
    """Dead letters that were read and checked, and not sent yet."""

    kafka: Cluster
    topic: str
    """The input topic that they go back to."""
    target: TopicLayout
    """The id and the partitions of that topic."""
    offset_range: OffsetRange
    """The range of the topic of dead letters, fixed before anything is sent."""
    selection: Selection
    repairs: dict[str, Repair] | None
    """The repairs by origin: then only these dead letters are sent. None sends all, as they are."""
    sources: Sources
    """The sources of the input topics."""
    ledger: ResendLedger
    already_sent: set[DeadLetterKey]
    """The dead letters that earlier runs have sent again."""
    plan: ReplayPlan = field(default_factory=ReplayPlan)
    reasons: Counter[str] = field(default_factory=Counter)
    """The reasons why the dead letters to send were refused."""

    @contextmanager
    def dead_letters(self) -> Iterator[Iterator[DeadLetter]]:
        """Read the dead letters to send, one for each identity."""
        with ReplaySource(self.kafka, self.offset_range) as source:
            yield self._unsent(source.records())

    def repair(self, dead_letter: DeadLetter) -> Repair | None:
        """Return the repair that is sent instead of the dead letter's value; None if that value itself is sent."""
        return None if self.repairs is None else self.repairs[str(dead_letter.identity)]

    def outgoing(self, dead_letter: DeadLetter, now_ms: int) -> OutgoingRecord:
        """Return the record that sends a dead letter back."""
        repair = self.repair(dead_letter)
        own_form = repair is not None and not is_in_form_of_source(dead_letter, repair, now_ms, self.sources)
        return record_to_send(dead_letter, repair, self.target.partitions, own_form=own_form)

    def _unsent(self, records: Iterable[Record]) -> Iterator[DeadLetter]:
        seen = set(self.already_sent)
        for record in records:
            if not self.selection.selects(record):
                continue
            dead_letter = dead_letter_of(record, self.topic, self.target.topic_id)
            if dead_letter is None or _key(dead_letter) in seen:
                continue
            if self.repairs is None or str(dead_letter.identity) in self.repairs:
                seen.add(_key(dead_letter))
                yield dead_letter


def read_unsent(
    kafka: Cluster,
    topic: str,
    selection: Selection,
    repaired: Iterable[bytes] | None,
    clock: Clock,
    sources: Sources,
) -> Resend:
    """Read all dead letters of the topic and their resend ledger; send nothing.

    `selection` selects dead letters, by their own offsets, times and keys. `repaired` is lines of values to send
    instead, `sources` what the records of topics are. Raises Misconfigured if there is no such topic or it is one of
    Freshline's own; FreshlineError if a repair belongs to no dead letter or would be refused again; Unavailable.
    """
    if topic in OWN_TOPICS:
        raise Misconfigured(
            f"{topic} is written by Freshline alone: freshline reconcile --repair tries its items again"
        )
    repairs = None if repaired is None else read_repairs(repaired)
    target, dead_letters = topic_layout(kafka, topic), topic_layout(kafka, dead_letter_topic(topic))
    ledger = read_ledger(kafka, dead_letters.topic_id)
    whole_topic = find_range(kafka, dead_letter_topic(topic), dead_letters.partitions, Selection())
    selected = find_range(kafka, dead_letter_topic(topic), dead_letters.partitions, selection)
    already_sent, known = _look_through(kafka, topic, target.topic_id, whole_topic, ledger, repairs or {})
    for origin, repair in (repairs or {}).items():
        if origin not in known:
            raise FreshlineError(f"line {repair.line}: there is no dead letter of {origin}")
    resend = Resend(kafka, topic, target, selected, selection, repairs, sources, ledger, already_sent)
    _count(resend, clock.now_ms())
    return resend


def prepare(
    kafka: Cluster,
    topic: str,
    selection: Selection,
    repaired: Iterable[bytes] | None,
    clock: Clock,
    sources: Sources,
) -> Resend:
    """Read the dead letters to send, see `read_unsent`. Raises FreshlineError if nothing is left to send, too."""
    resend = read_unsent(kafka, topic, selection, repaired, clock, sources)
    if not resend.plan.records:
        raise FreshlineError(f"nothing to send: {_nothing_left(resend)}")
    return resend


def execute(resend: Resend, per_second: float | None, on_confirmed: OnConfirmed, clock: Clock) -> int:
    """Send the dead letters, at most `per_second` of them a second; return how many.

    Confirmed dead letters are saved in the ledger every second. What a killed run sent after its last save, the next
    run finds in the topic itself. A dead letter that the broker refuses is not marked as sent. Raises Unavailable, and
    FreshlineError at the end where one was refused.
    """
    sent, save_timer, not_sent = 0, SaveTimer(clock), RefusedRecords()
    with Producer(resend.kafka) as producer, resend.dead_letters() as dead_letters:
        resend.ledger.save(producer)
        targets = all_partitions(resend.topic, each=resend.target.partitions)
        ends = end_offsets_now(resend.kafka, targets)
        resend.ledger.begin(producer, {partition.number: end for partition, end in ends.items()})

        def confirmed(dead_letter: DeadLetter) -> None:
            nonlocal sent
            sent += 1
            resend.ledger.mark(dead_letter.record.partition.number, dead_letter.record.offset)
            if save_timer.is_due():
                resend.ledger.save(producer)
            on_confirmed(sent)

        def outgoing(dead_letter: DeadLetter) -> OutgoingRecord:
            return resend.outgoing(dead_letter, clock.now_ms())

        def refused(dead_letter: DeadLetter, reason: str) -> None:
            not_sent.add(dead_letter.record, reason)

        limited = at_rate(dead_letters, per_second, clock.monotonic_s, time.sleep) if per_second else dead_letters
        send_in_order(producer, limited, outgoing, confirmed, refused)
        resend.ledger.finish(producer)
    not_sent.check(sent)
    return sent


def _nothing_left(resend: Resend) -> str:
    everything = resend.selection == Selection()
    if resend.repairs is not None:
        if not resend.repairs:
            return "there are no repaired lines"
        return "all of these lines were sent again already" + (
            "" if everything else ", or are of none that was asked for"
        )
    if not resend.already_sent:
        chosen = "" if everything else " that were asked for"
        return f"there are no dead letters of {resend.topic}{chosen}"
    count = len(resend.already_sent)
    were = "was" if count == 1 else "were"
    return f"of the dead letters of {resend.topic}, {count:,} {were} sent again already, and no others are left"


def _look_through(
    kafka: Cluster, topic: str, topic_id: str, whole_topic: OffsetRange, ledger: ResendLedger, wanted: Container[str]
) -> tuple[set[DeadLetterKey], set[str]]:
    """Return the dead letters that were sent again, and which of the wanted ones exist.

    What an unfinished run sent without saving it is marked in the ledger.
    """
    sent_unsaved, already_sent, known = _sent_by_unfinished_run(kafka, topic, ledger), set[DeadLetterKey](), set[str]()
    with ReplaySource(kafka, whole_topic) as source:
        for record in source.records():
            if (dead_letter := dead_letter_of(record, topic, topic_id)) is None:
                continue
            if str(dead_letter.identity) in wanted:
                known.add(str(dead_letter.identity))
            if str(dead_letter.identity).encode() in sent_unsaved:
                ledger.mark(record.partition.number, record.offset)
            if (record.partition.number, record.offset) in ledger:
                already_sent.add(_key(dead_letter))
    return already_sent, known


def _sent_by_unfinished_run(kafka: Cluster, topic: str, ledger: ResendLedger) -> set[bytes]:
    """Return the identities that a killed run sent, saved or not: the records in the topic name them."""
    if ledger.unfinished is None:
        return set()
    first = {Partition(topic, number): end for number, end in ledger.unfinished.items()}
    with ReplaySource(kafka, OffsetRange(first, end_offsets_now(kafka, first))) as source:
        return {dict(record.headers).get(DEAD_LETTER_OF, b"") for record in source.records()}


def _count(resend: Resend, now_ms: int) -> None:
    with resend.dead_letters() as dead_letters:
        for dead_letter in dead_letters:
            if (repair := resend.repair(dead_letter)) is not None:
                _check(dead_letter, repair, now_ms, resend.sources)
            resend.plan.count(dead_letter.record)
            reason = dict(dead_letter.record.headers).get(f"{PREFIX}reason", b"").decode(errors="replace")
            known = reason in resend.reasons or len(resend.reasons) < REASONS_MAX
            resend.reasons[reason if known else OTHER_REASONS] += 1


def _check(dead_letter: DeadLetter, repair: Repair, now_ms: int, sources: Sources) -> None:
    if names_another_product(dead_letter, repair):
        raise FreshlineError(
            f"line {repair.line}: {dead_letter.identity} is of another product than this value: repair that one"
        )
    if why := refusal(dead_letter, repair, now_ms, sources):
        raise FreshlineError(f"line {repair.line}: {dead_letter.identity} would be refused again: {why}")


def _key(dead_letter: DeadLetter) -> DeadLetterKey:
    return dead_letter.identity.partition, dead_letter.identity.offset
