"""Composes the parts that keep watches and send alerts, for the process of an index worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.api.watching.service import WatchParts
from stream.kafka.cluster import cluster_of
from stream.watches.alert_feed import AlertFeed
from stream.watches.alert_log import AlertLog
from stream.watches.feed import WatchFeed
from stream.watches.watch_log import WatchLog
from workers.search.hits import Shop
from workers.watches.watch_set import WatchSet

if TYPE_CHECKING:
    from stream.kafka.send import RecordSender
    from stream.runtime.metrics import IndexMetrics
    from stream.runtime.settings import Settings
    from workers.clock import Clock


class WatchSide(NamedTuple):
    """The watches of a process, and where its alerts go."""

    parts: WatchParts
    alert_log: AlertLog


def compose_watches(settings: Settings, sender: RecordSender, clock: Clock, metrics: IndexMetrics) -> WatchSide:
    """Put the parts together, and start nothing."""
    kafka, partitions, others_write = cluster_of(settings), settings.partitions, settings.qdrant_url is not None
    watches, written = WatchSet(), WatchLog(sender, partitions)
    alerts = AlertFeed(kafka, partitions, others_write=others_write)
    feed = WatchFeed(
        watches,
        written,
        alerts,
        kafka=kafka,
        partitions=partitions,
        clock=clock,
        gauge=metrics.watching.watches,
        others_write=others_write,
    )
    shop = Shop(settings.shop_currency, settings.languages)
    return WatchSide(WatchParts(watches, written, alerts, feed), AlertLog(sender, partitions, shop, clock, alerts))
