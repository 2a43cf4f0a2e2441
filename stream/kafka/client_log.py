"""The log lines of aiokafka, which says the same many times a second while a broker is away, and not what to do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from typing_extensions import override

from stream.kafka.diagnosis import explained

if TYPE_CHECKING:
    from stream.kafka.cluster import Cluster

LIBRARY = "aiokafka"
NO_CONNECTION = "Unable connect to node with id %s: %s"
"""The format of the line about each attempt to connect; its arguments are the id of the broker and the error."""
FETCHER = "aiokafka.consumer.fetcher"
OUT_OF_RANGE = "Fetch offset %s is out of range for partition %s, resetting offset"
"""The format of a line on the level INFO; its arguments are the offset that was asked for and the partition."""
REPEAT_S = 10.0
"""The time for which the same line is not repeated. While a broker is away, aiokafka writes some hundred lines a
second."""
LINES_MAX = 1000
"""The number of different lines that are remembered."""


class ClientLog(logging.Filter):
    """Says in one line why a connection fails, and lets through no line of aiokafka that was written just before."""

    def __init__(self, kafka: Cluster) -> None:
        super().__init__()
        self._kafka = kafka
        self._last_s: dict[str, float] = {}
        """The time at which each line was let through last, in seconds of the log's own clock."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.split(".", 1)[0] != LIBRARY:
            return True
        if record.levelno < logging.WARNING and not _says_what_was_lost(record):
            return False
        self._explain(record)
        text = record.getMessage()
        if record.created - self._last_s.get(text, float("-inf")) < REPEAT_S:
            return False
        if len(self._last_s) >= LINES_MAX:
            self._last_s.clear()
        self._last_s[text] = record.created
        return True

    def _explain(self, record: logging.LogRecord) -> None:
        if record.msg != NO_CONNECTION or not isinstance(record.args, tuple):
            return
        node, error = record.args
        if not isinstance(error, BaseException):
            return
        broker = f"broker {node} of {self._kafka}"
        if (reason := explained(error, broker, self._kafka.security)) is not None:
            record.msg, record.args = str(reason), ()


def _says_what_was_lost(record: logging.LogRecord) -> bool:
    """Return whether the line is about records that are gone, and make it an error that says so.

    A consumer that asks for offset 0 has read nothing yet: its log may well begin later.
    """
    if record.msg != OUT_OF_RANGE or not isinstance(record.args, tuple) or record.args[0] == 0:
        return False
    offset, partition = record.args
    record.levelno, record.levelname = logging.ERROR, logging.getLevelName(logging.ERROR)
    record.msg = (
        "%s has no offset %s any more: the records from there on were deleted before they were read, or its log began "
        "again; raise retention.ms, and send them again"
    )
    record.args = (_in_words(partition), offset)
    return True


def _in_words(partition: object) -> str:
    return "partition {1} of {0}".format(*partition) if isinstance(partition, tuple) else str(partition)


def explain_client_log(kafka: Cluster) -> None:
    """Let the log of this process say why its connections to the brokers fail, and which records it never got."""
    logging.getLogger(FETCHER).setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.addFilter(ClientLog(kafka))
