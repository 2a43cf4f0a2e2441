"""The log of aiokafka says in one line why a connection fails, and does not repeat itself."""

from __future__ import annotations

import logging
import ssl

import pytest
from aiokafka import TopicPartition

from stream.kafka.client_log import NO_CONNECTION, OUT_OF_RANGE, REPEAT_S, ClientLog
from stream.kafka.cluster import Cluster


def record(text: str, *arguments: object, at_s: float = 0.0, name: str = "aiokafka") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "client.py", 1, text, arguments, None)
    made.created = at_s
    return made


def expired() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 10, "certificate has expired"
    return error


def test_a_certificate_that_has_expired_is_named() -> None:
    line = record(NO_CONNECTION, 1, expired())
    assert ClientLog(Cluster("kafka:9093")).filter(line)
    assert line.getMessage() == "the certificate of broker 1 of kafka:9093 has expired: renew it there"


def test_an_error_that_nobody_knows_is_left_as_it_is() -> None:
    line = record(NO_CONNECTION, 1, ConnectionRefusedError(111, "Connection refused"))
    assert ClientLog(Cluster("kafka:9093")).filter(line)
    assert line.getMessage() == "Unable connect to node with id 1: [Errno 111] Connection refused"


def test_a_line_is_let_through_once_in_a_while() -> None:
    log = ClientLog(Cluster("kafka:9093"))
    times_s = [0.0, 0.1, REPEAT_S - 0.1, REPEAT_S, REPEAT_S + 0.1]
    assert [log.filter(record("away", at_s=at_s)) for at_s in times_s] == [True, False, False, True, False]
    assert log.filter(record("another line", at_s=0.1))


def test_records_that_were_deleted_before_they_were_read_are_an_error() -> None:
    """Their consumer goes on at the beginning of the log, and aiokafka says so on the level INFO."""
    line = record(OUT_OF_RANGE, 20, TopicPartition("prices", 2))
    line.levelno, line.levelname = logging.INFO, "INFO"
    assert ClientLog(Cluster("kafka:9093")).filter(line)
    assert (line.levelno, line.levelname) == (logging.ERROR, "ERROR")
    assert line.getMessage().startswith("partition 2 of prices has no offset 20 any more: the records from there on")


@pytest.mark.parametrize(("text", "offset"), [(OUT_OF_RANGE, 0), ("Fetched %s records of %s", 20)])
def test_other_lines_below_a_warning_do_not_pass(text: str, offset: int) -> None:
    line = record(text, offset, TopicPartition("prices", 2))
    line.levelno = logging.INFO
    assert not ClientLog(Cluster("kafka:9093")).filter(line)


def test_the_lines_of_others_all_pass() -> None:
    log = ClientLog(Cluster("kafka:9093"))
    assert all(log.filter(record("the same", name="stream.items")) for _ in range(3))
