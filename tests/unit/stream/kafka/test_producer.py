"""Events whose broker is lost while they are sent."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.send_report import LOST, Problem, SendReport
from stream.kafka.topic_admin import topic_id
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


def test_records_that_a_lost_broker_did_not_confirm_are_one_run_and_sending_goes_on(broker: RunningBroker) -> None:
    report = SendReport(old := topic_id(broker.cluster, "items"))
    with Producer(broker.cluster) as producer:
        producer.send_all(map(price, range(1, 11)), report)
        broker.kill()

        def while_it_is_away() -> Iterator[OutgoingRecord]:
            yield from map(price, range(11, 31))
            with_topics(broker)

        producer.send_all(while_it_is_away(), report)
        assert (report.confirmed, report.failed, report.problems) == (10, 20, [Problem(11, LOST, 30)])
        producer.send_all(map(price, range(31, 41)), report)
    assert (report.confirmed, report.failed, report.stopped) == (20, 20, None)
    new = topic_id(broker.cluster, "items")
    assert old != new and [token.log for token in report.tokens] == [old, old, new, new]
    assert report.lost_log is not None and "of the 10 events confirmed before some may be gone" in report.lost_log


def test_sending_stops_if_the_broker_does_not_come_back(broker: RunningBroker) -> None:
    report = SendReport()
    with Producer(
        broker.cluster, in_flight_max=50, confirm_seconds_max=1, close_seconds_max=0.1, connect_seconds_max=0.2
    ) as producer:
        broker.kill()
        producer.send_all(map(price, itertools.count(1)), report)
    (lost,) = report.problems
    assert report.confirmed == 0 and lost == Problem(1, LOST, report.failed)
    assert report.stopped is not None and "the rest was not sent: no broker answers at " in report.stopped
    assert report.stopped.startswith(f"stopped before line {report.failed + 1}, ")


def test_ctrl_c_counts_the_confirmed_records(broker: RunningBroker) -> None:
    def until_ctrl_c() -> Iterator[OutgoingRecord]:
        yield from map(price, range(1, 21))
        raise KeyboardInterrupt

    report = SendReport()
    with Producer(broker.cluster) as producer, pytest.raises(KeyboardInterrupt):
        producer.send_all(until_ctrl_c(), report)
    assert (report.confirmed, report.failed) == (20, 0)


def test_a_record_that_a_broker_refuses_is_no_loss_of_the_broker(broker: RunningBroker) -> None:
    report = SendReport()
    with Producer(broker.cluster) as producer:
        producer.send_all([price(1)._replace(value=b"x" * 9_000_000), price(2)], report)
    assert (report.confirmed, report.failed) == (1, 1) and "MessageSizeTooLarge" in report.problems[0].reason


def test_a_run_of_lines_is_named_in_one_line() -> None:
    assert Problem(315, LOST, 838).in_words == "lines 315-838: not confirmed, the broker was lost: send them again"
    assert Problem(315, LOST).in_words == "line 315: not confirmed, the broker was lost: send it again"
    assert Problem(7, "price: -1 is negative").in_words == "line 7: price: -1 is negative"


def test_lines_that_are_no_run_are_named_one_by_one() -> None:
    report = SendReport()
    report.lose([0, 4, 5])
    assert [problem.line for problem in report.problems] == [0, 4, 5] and report.failed == 3
