"""The set-up of a worker process for all its Kafka clients, before it makes the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.kafka.client_log import explain_client_log
from stream.kafka.connections import abort_at_close, report_broken_connections

if TYPE_CHECKING:
    from stream.kafka.cluster import Cluster


def set_up_clients(kafka: Cluster) -> None:
    """Mend what aiokafka does not notice on uvloop, and let its log say why connections to these brokers fail."""
    report_broken_connections()
    abort_at_close()
    explain_client_log(kafka)
