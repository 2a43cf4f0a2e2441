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


def explain_client_log(kafka: Cluster) -> None:
    """Let the log of this process say why its connections to the brokers fail."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(ClientLog(kafka))
