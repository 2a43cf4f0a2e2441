"""The record of an alert has the price that its watch asks for."""

from __future__ import annotations

from typing import Any, cast

import pytest

from schemas.watches import Alert
from stream.kafka.cluster import Cluster
from stream.watches.alert_feed import AlertFeed
from stream.watches.alert_log import AlertLog
from tests.support.contents import content, offer
from tests.support.index_side import Confirming
from tests.support.watching import watch
from workers.clock import SystemClock
from workers.search.hits import Shop


@pytest.mark.parametrize(
    ("filters", "price"),
    [
        ({}, (9.0, "EUR")),
        ({"currency": "EUR", "max_price": 9}, (9.0, "EUR")),
        ({"seller": "B"}, (12.0, "EUR")),
        ({"seller": ["B", "C"], "currency": "EUR", "max_price": 12}, (11.0, "EUR")),
        ({"currency": "USD", "max_price": 13}, (13.0, "USD")),
    ],
)
async def test_an_alert_has_the_price_that_its_watch_asks_for(
    filters: dict[str, Any], price: tuple[float, str]
) -> None:
    sale: dict[str, Any] = {"sale_price": 11.0, "sale_starts_at_ms": 5, "sale_ends_at_ms": 9}
    offers = [offer("shop", 9.0), offer("B", 12.0), offer("C", 20.0, **sale), offer("D", 13.0, "USD")]
    point: Any = content(offers=offers, price=9.0, currency="EUR", price_changes_at_ms=9)
    kafka, feed = Confirming(), AlertFeed(Cluster(""), 4, others_write=False)
    await AlertLog(kafka, 4, Shop(None, ("en",)), SystemClock(), feed).send(point, [(watch(**filters), "id")])
    [(_, _, value, _, _)] = kafka.sent
    alert = Alert.model_validate_json(cast("bytes", value))
    assert (alert.price, alert.currency) == price
