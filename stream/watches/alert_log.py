"""The topic of alerts: a record an alert, under the id of its watch."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from schemas.times import rfc3339
from schemas.watches import Alert
from stream.kafka.partitions import partition_of
from stream.kafka.topics import ALERTS
from workers.search.hits import preferred
from workers.watches.watch import shown_price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Payload
    from stream.kafka.send import RecordSender
    from stream.watches.alert_feed import AlertFeed
    from workers.clock import Clock
    from workers.search.hits import Shop
    from workers.watches.watch import Watch


class AlertLog:
    """Writes alerts, and gives them to the feed of this process once the broker has them."""

    def __init__(self, sender: RecordSender, partitions: int, shop: Shop, clock: Clock, feed: AlertFeed) -> None:
        self._sender = sender
        self._partitions = partitions
        self._shop = shop
        self._clock = clock
        self._feed = feed

    async def send(self, point: Payload, raised: Sequence[tuple[Watch, str]]) -> None:
        """Send an alert of this item for each watch; see `workers.lanes.sinks.Alerts`."""
        alerts = [self._alert(point, watch, alert_id) for watch, alert_id in raised]
        try:
            await asyncio.gather(*[await self._sent(alert) for alert in alerts])
        except KafkaError as error:
            raise Unavailable(f"the broker did not confirm the alerts of {point['product_id']}: {error}") from error
        for alert in alerts:
            self._feed.deliver(alert)

    async def _sent(self, alert: Alert) -> asyncio.Future[object]:
        key = alert.watch_id.encode()
        partition = partition_of(key, self._partitions)
        return asyncio.ensure_future(
            await self._sender.send(ALERTS, key, alert.model_dump_json().encode(), partition, [])
        )

    def _alert(self, point: Payload, watch: Watch, alert_id: str) -> Alert:
        record = watch.record
        price, currency = shown_price(watch, point, self._shop.currency)
        return Alert(
            id=alert_id,
            watch_id=watch.watch_id,
            owner=record.owner,
            q=record.q,
            target_price=record.filters.max_price if record.product_id is not None else None,
            product_id=point["product_id"],
            title=preferred(point["title"], self._shop.languages),
            price=price,
            currency=currency,
            availability=point["availability"],
            link=point["link"],
            image_link=point["image_link"],
            at=rfc3339(self._clock.now_ms()) or "",
        )
