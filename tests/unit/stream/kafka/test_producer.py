"""What becomes of events whose broker is lost while they are sent."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from stream.kafka import producer as module
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.send_report import LOST, Problem, SendReport
from stream.kafka.topics import topic_id
from tests.support.running_broker import new_broker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.running_broker import RunningBroker


def with_topics(broker: RunningBroker) -> RunningBroker:
    broker.start()
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.create_topics([NewTopic("prices", 2, 1), NewTopic("items", 2, 1)])
    admin.close()
    return broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    broker = with_topics(new_broker("embedded", tmp_path))
    yield broker
    broker.kill()


def price(line: int) -> OutgoingRecord:
    return OutgoingRecord(line, "prices", b"P%d" % line, b"{}")


def test_what_a_lost_broker_did_not_confirm_is_one_run_and_what_follows_goes_on(broker: RunningBroker) -> None:
    sent = SendReport(old := topic_id(broker.address, "items"))
    with Producer([broker.address]) as producer:
        producer.send_all(map(price, range(1, 11)), sent)
        broker.kill()

        def while_it_is_away() -> Iterator[OutgoingRecord]:
            yield from map(price, range(11, 31))
            with_topics(broker)

        producer.send_all(while_it_is_away(), sent)
        assert (sent.confirmed, sent.failed, sent.problems) == (10, 20, [Problem(11, LOST, 30)])
        producer.send_all(map(price, range(31, 41)), sent)
    assert (sent.confirmed, sent.failed, sent.stopped) == (20, 20, None)
    new = topic_id(broker.address, "items")
    assert old != new and [token.log for token in sent.tokens] == [old, old, new, new]
    assert sent.lost_log is not None and "of the 10 events confirmed before some may be gone" in sent.lost_log


def test_sending_stops_where_the_broker_does_not_come_back(
    broker: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONFIRM_SECONDS_MAX", 1)
    monkeypatch.setattr(module, "CLOSE_SECONDS_MAX", 0.1)
    monkeypatch.setattr(module, "IN_FLIGHT_MAX", 50)
    sent = SendReport()
    with Producer([broker.address]) as producer:
        broker.kill()
        producer.send_all(map(price, itertools.count(1)), sent)
    (lost,) = sent.problems
    assert sent.confirmed == 0 and lost == Problem(1, LOST, sent.failed)
    assert sent.stopped is not None and "the rest was not sent: no broker answers at " in sent.stopped
    assert sent.stopped.startswith(f"stopped before line {sent.failed + 1}, ")


def test_ctrl_c_counts_what_was_confirmed(broker: RunningBroker) -> None:
    def until_ctrl_c() -> Iterator[OutgoingRecord]:
        yield from map(price, range(1, 21))
        raise KeyboardInterrupt

    sent = SendReport()
    with Producer([broker.address]) as producer, pytest.raises(KeyboardInterrupt):
        producer.send_all(until_ctrl_c(), sent)
    assert (sent.confirmed, sent.failed) == (20, 0)


def test_a_record_that_a_broker_refuses_is_no_loss_of_the_broker(broker: RunningBroker) -> None:
    sent = SendReport()
    with Producer([broker.address]) as producer:
        producer.send_all([price(1)._replace(value=b"x" * 9_000_000), price(2)], sent)
    assert (sent.confirmed, sent.failed) == (1, 1) and "MessageSizeTooLarge" in sent.problems[0].reason


def test_a_run_of_lines_is_told_in_one_line() -> None:
    assert Problem(315, LOST, 838).in_words == "lines 315-838: not confirmed, the broker was lost: send them again"
    assert Problem(315, LOST).in_words == "line 315: not confirmed, the broker was lost: send it again"
    assert Problem(7, "price: -1 is negative").in_words == "line 7: price: -1 is negative"


def test_lines_that_are_no_run_are_named_one_by_one() -> None:
    sent = SendReport()
    sent.lose([0, 4, 5])
    assert [problem.line for problem in sent.problems] == [0, 4, 5] and sent.failed == 3
