"""The dead letters of a topic that were not sent again yet: read, counted, and checked with their repairs."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.errors import FreshlineError, Misconfigured
from schemas.tokens import Token
from stream.kafka.headers import PREFIX, dead_letter_topic
from stream.kafka.partitions import Partition
from stream.kafka.topic_admin import topic_layout
from stream.replay.dead_letters import DEAD_LETTER_OF, dead_letters_in, each_once
from stream.replay.ledger import read_ledger
from stream.replay.offset_range import OffsetRange, end_offsets_now, find_range
from stream.replay.plan import ReplayPlan
from stream.replay.repairs import is_in_form_of_source, names_another_product, read_repairs, record_to_send, refusal
from stream.replay.run import OWN_TOPICS
from stream.replay.selection import Selection
from stream.replay.source import ReplaySource

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from stream.kafka.cluster import Cluster
    from stream.kafka.producer import OutgoingRecord
    from stream.kafka.reader import Record
    from stream.kafka.topic_admin import TopicLayout
    from stream.replay.dead_letters import DeadLetter
    from stream.replay.ledger import ResendLedger
    from stream.replay.repairs import Repair
    from workers.clock import Clock
    from workers.sources.sources import Sources

REASONS_MAX = 20
"""The most different reasons that are counted each on its own."""
OTHER_REASONS = "other reasons"


@dataclass(frozen=True, slots=True)
class UnsentLetters:
    """The dead letters to send: all that were selected or repaired, but those that were sent again already."""

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
    already_sent: set[Token]
    """The identities of the dead letters that earlier runs have sent again."""
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

    def check_any(self) -> None:
        """Raise FreshlineError, which says why, if there is nothing to send."""
        if not self.plan.records:
            raise FreshlineError(f"nothing to send: {_nothing_left(self)}")

    def _unsent(self, records: Iterable[Record]) -> Iterator[DeadLetter]:
        selected = filter(self.selection.selects, records)
        return each_once(filter(self._wants, dead_letters_in(selected, self.topic, self.target.topic_id)))

    def _wants(self, dead_letter: DeadLetter) -> bool:
        asked_for = self.repairs is None or str(dead_letter.identity) in self.repairs
        return asked_for and dead_letter.identity not in self.already_sent


def read_unsent(
    kafka: Cluster,
    topic: str,
    selection: Selection,
    repaired: Iterable[bytes] | None,
    clock: Clock,
    sources: Sources,
) -> UnsentLetters:
    """Read all dead letters of the topic and their resend ledger; send nothing.

    `selection` selects dead letters, by their own offsets, times and keys. `repaired` are the lines of a file of
    repairs; with it only the dead letters of its lines are sent. `sources` has the formats of the topics. Raises
    Misconfigured if there is no such topic or it is one of Freshline's own; FreshlineError if a repair belongs to no
    dead letter or would be refused again; Unavailable.
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
    unsent = UnsentLetters(kafka, topic, target, selected, selection, repairs, sources, ledger, already_sent)
    _count(unsent, clock.now_ms())
    return unsent


def _nothing_left(unsent: UnsentLetters) -> str:
    everything = unsent.selection == Selection()
    if unsent.repairs is not None:
        if not unsent.repairs:
            return "there are no repaired lines"
        return "all of these lines were sent again already" + (
            "" if everything else ", or are of none that was asked for"
        )
    if not unsent.already_sent:
        chosen = "" if everything else " that were asked for"
        return f"there are no dead letters of {unsent.topic}{chosen}"
    count = len(unsent.already_sent)
    were = "was" if count == 1 else "were"
    return f"of the dead letters of {unsent.topic}, {count:,} {were} sent again already, and no others are left"


def _look_through(
    kafka: Cluster, topic: str, topic_id: str, whole_topic: OffsetRange, ledger: ResendLedger, wanted: Container[str]
) -> tuple[set[Token], set[str]]:
    """Return the dead letters that were sent again, and which of the wanted ones exist.

    What an unfinished run sent without saving it is marked in the ledger.
    """
    sent_unsaved, already_sent, known = _sent_by_unfinished_run(kafka, topic, ledger), set[Token](), set[str]()
    with ReplaySource(kafka, whole_topic) as source:
        for dead_letter in dead_letters_in(source.records(), topic, topic_id):
            record, name = dead_letter.record, str(dead_letter.identity)
            if name in wanted:
                known.add(name)
            if name.encode() in sent_unsaved:
                ledger.mark(record.partition.number, record.offset)
            if (record.partition.number, record.offset) in ledger:
                already_sent.add(dead_letter.identity)
    return already_sent, known


def _sent_by_unfinished_run(kafka: Cluster, topic: str, ledger: ResendLedger) -> set[bytes]:
    """Return the identities that a killed run sent, saved or not: the records in the topic name them."""
    if ledger.unfinished is None:
        return set()
    first = {Partition(topic, number): end for number, end in ledger.unfinished.items()}
    with ReplaySource(kafka, OffsetRange(first, end_offsets_now(kafka, first))) as source:
        return {dict(record.headers).get(DEAD_LETTER_OF, b"") for record in source.records()}


def _count(unsent: UnsentLetters, now_ms: int) -> None:
    with unsent.dead_letters() as dead_letters:
        for dead_letter in dead_letters:
            if (repair := unsent.repair(dead_letter)) is not None:
                _check(dead_letter, repair, now_ms, unsent.sources)
            unsent.plan.count(dead_letter.record)
            reason = dict(dead_letter.record.headers).get(f"{PREFIX}reason", b"").decode(errors="replace")
            known = reason in unsent.reasons or len(unsent.reasons) < REASONS_MAX
            unsent.reasons[reason if known else OTHER_REASONS] += 1


def _check(dead_letter: DeadLetter, repair: Repair, now_ms: int, sources: Sources) -> None:
    if names_another_product(dead_letter, repair):
        raise FreshlineError(
            f"line {repair.line}: {dead_letter.identity} is of another product than this value: repair that one"
        )
    if why := refusal(dead_letter, repair, now_ms, sources):
        raise FreshlineError(f"line {repair.line}: {dead_letter.identity} would be refused again: {why}")
