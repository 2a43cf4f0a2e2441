"""The outcomes of the records that a producer sent, and the decision whether it may go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.kafka.topic_admin import topic_id
from stream.kafka.topics import ITEMS

if TYPE_CHECKING:
    from kafka.producer.future import RecordMetadata

    from stream.kafka.cluster import Cluster
    from stream.kafka.send_report import SendReport

CONFIRMS_NOTHING = "two connections in succession confirmed nothing; look at `freshline status`"
REFUSALS_MAX = 20
"""The most records that are refused one after the other before sending stops: the broker then refuses all of them."""
REFUSES_EVERYTHING = f"the broker refused {REFUSALS_MAX} records one after the other: look at the reasons"


class SendOutcomes:
    """Counts outcomes into a report, and how many in succession were bad ones."""

    def __init__(self, kafka: Cluster) -> None:
        self._cluster = kafka
        self._refusals_in_succession = 0
        """The number of records that were refused since one was confirmed."""
        self._losses_in_succession = 0
        """The number of times that the broker was lost since a record was confirmed."""
        self._log_may_be_new = False

    def broker_lost(self) -> None:
        """Note that the broker was lost."""
        self._losses_in_succession += 1

    def reconnected(self) -> None:
        """Note that records go over a new connection, to a broker whose log may be another one."""
        self._log_may_be_new = True

    def why_no_more(self) -> str | None:
        """Return why nothing more should be sent; None if sending may go on."""
        if self._losses_in_succession > 1:
            return CONFIRMS_NOTHING
        return REFUSES_EVERYTHING if self._refusals_in_succession >= REFUSALS_MAX else None

    def count(self, report: SendReport, line: int, outcome: RecordMetadata | KafkaError) -> None:
        """Count a record that the broker confirmed, or refused."""
        if isinstance(outcome, KafkaError):
            self._refusals_in_succession += 1
            report.refuse(line, f"refused by the broker: {outcome}")
            return
        self._losses_in_succession = self._refusals_in_succession = 0
        if self._log_may_be_new and report.log_id is not None:
            report.continue_in(_log_id(self._cluster))
        self._log_may_be_new = False
        report.confirm(outcome.topic, outcome.partition, outcome.offset)


def _log_id(kafka: Cluster) -> str | None:
    try:
        return topic_id(kafka, ITEMS)
    except Unavailable:
        return None
