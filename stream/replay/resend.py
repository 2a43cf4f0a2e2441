"""Sends the dead letters of a topic back to it, each dead letter once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stream.kafka.partitions import all_partitions
from stream.kafka.producer import Producer
from stream.kafka.send_rate import at_rate
from stream.replay.offset_range import end_offsets_now
from stream.replay.sending import RefusedRecords, SaveTimer, send_in_order

if TYPE_CHECKING:
    from stream.kafka.producer import OutgoingRecord
    from stream.replay.dead_letters import DeadLetter
    from stream.replay.sending import OnConfirmed
    from stream.replay.unsent import UnsentLetters
    from workers.clock import Clock


def execute(unsent: UnsentLetters, per_second: float | None, on_confirmed: OnConfirmed, clock: Clock) -> int:
    """Send the dead letters, at most `per_second` of them a second; return how many.

    Confirmed dead letters are saved in the ledger every second. What a killed run sent after its last save, the next
    run finds in the topic itself. A dead letter that the broker refuses is not marked as sent. Raises Unavailable, and
    FreshlineError at the end where one was refused.
    """
    sent, save_timer, not_sent = 0, SaveTimer(clock), RefusedRecords()
    with Producer(unsent.kafka) as producer, unsent.dead_letters() as dead_letters:
        unsent.ledger.save(producer)
        targets = all_partitions(unsent.topic, each=unsent.target.partitions)
        ends = end_offsets_now(unsent.kafka, targets)
        unsent.ledger.begin(producer, {partition.number: end for partition, end in ends.items()})

        def confirmed(dead_letter: DeadLetter) -> None:
            nonlocal sent
            sent += 1
            unsent.ledger.mark(dead_letter.record.partition.number, dead_letter.record.offset)
            if save_timer.is_due():
                unsent.ledger.save(producer)
            on_confirmed(sent)

        def outgoing(dead_letter: DeadLetter) -> OutgoingRecord:
            return unsent.outgoing(dead_letter, clock.now_ms())

        def refused(dead_letter: DeadLetter, reason: str) -> None:
            not_sent.add(dead_letter.record, reason)

        limited = at_rate(dead_letters, per_second, clock.monotonic_s, time.sleep) if per_second else dead_letters
        send_in_order(producer, limited, outgoing, confirmed, refused)
        unsent.ledger.finish(producer)
    not_sent.check(sent)
    return sent
