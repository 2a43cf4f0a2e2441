"""How both Faust apps are built: raw bytes, no web server, no tables, commits by the tracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import faust
from faust.app.base import BootStrategy

from stream.tracker import Trackers
from stream.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stream.settings import Settings
    from stream.transport import StartOffset

EMBEDDED_FETCH_WAIT_MS_MAX = 10
"""The embedded broker does not wake a waiting fetch when data arrives."""
KAFKA_FETCH_WAIT_MS_MAX = 500
SESSION_TIMEOUT_S = 8.0
REBALANCE_TIMEOUT_S = 2.0
REQUEST_TIMEOUT_S = 40.0
RECORD_BYTES_MAX = 10 * 1024 * 1024


class AppParts(NamedTuple):
    """A Faust app and the trackers that decide its commits."""

    app: faust.App
    trackers: Trackers


class _Boot(BootStrategy):  # type: ignore[misc]
    enable_web = False


class _App(faust.App):  # type: ignore[misc]
    BootStrategy = _Boot


def create_app(name: str, settings: Settings, *, start_offset: StartOffset | None = None) -> AppParts:
    """A Faust app on the settings' broker; `name` is its consumer group."""
    directory = settings.data_dir / "faust"
    directory.mkdir(parents=True, exist_ok=True)
    app = _App(
        name,
        broker=[f"kafka://{address}" for address in (settings.kafka or "").split(",")],
        datadir=str(directory / name),
        key_serializer="raw",
        value_serializer="raw",
        broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=SESSION_TIMEOUT_S / 4,
        broker_rebalance_timeout=REBALANCE_TIMEOUT_S,
        broker_request_timeout=REQUEST_TIMEOUT_S,
        consumer_group_instance_id=f"{name}-{settings.worker_slot}",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=RECORD_BYTES_MAX,
        producer_max_request_size=RECORD_BYTES_MAX,
        producer_acks=-1,
        producer_linger_ms=0,
        producer_request_timeout=REQUEST_TIMEOUT_S,
        stream_wait_empty=False,
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
    )
    transport = Transport(app.conf.broker, app)
    transport.trackers = Trackers()
    transport.fetch_wait_ms_max = (
        EMBEDDED_FETCH_WAIT_MS_MAX if settings.broker == "embedded" else KAFKA_FETCH_WAIT_MS_MAX
    )
    transport.start_offset = start_offset or (lambda _partition, commit: commit)
    app.transport = transport
    return AppParts(app, transport.trackers)


def raw_topic(app: faust.App, name: str) -> faust.TopicT:
    """A topic whose keys and values stay bytes (without `value_serializer` Faust decodes them as JSON all the same)."""
    return app.topic(name, key_type=bytes, value_type=bytes, value_serializer="raw", key_serializer="raw")


def assigned_numbers(partitions: Sequence[faust.types.TP], topic: str) -> set[int]:
    """Which partitions of this topic are among them."""
    return {tp.partition for tp in partitions if tp.topic == topic}
