"""The sale calendar: what changes without an event, and how late search showed it."""

from __future__ import annotations

from typing import Any

from stream.api.dashboard.sales import BACK_MS, changed_prices, coming_prices, lately_turned
from stream.progress.recent_freshness import Turned
from workers.search.hits import Shop


def point(product_id: str, starts_at_ms: int) -> Any:
    offer = {
        "seller": "shop",
        "price": 10.0,
        "currency": "EUR",
        "sale_price": 8.0,
        "sale_starts_at_ms": starts_at_ms,
        "sale_ends_at_ms": starts_at_ms + 1_000,
        "promotion": {},
        "updated_at_ms": 0,
    }
    return {
        "product_id": product_id,
        "title": {"en": "lamp"},
        "offers": [offer],
        "price": 10.0,
        "currency": "EUR",
        "price_changes_at_ms": starts_at_ms,
    }


def test_the_soonest_change_comes_first_with_the_price_from_then_on() -> None:
    coming = coming_prices([point("late", 9_000), point("soon", 5_000)], Shop(None, ("en",)), 9_000)
    assert [(each.product_id, each.price, each.then, each.at) for each in coming] == [
        ("soon", 10.0, 8.0, "1970-01-01T00:00:05.000Z"),
        ("soon", 8.0, 10.0, "1970-01-01T00:00:06.000Z"),
        ("late", 10.0, 8.0, "1970-01-01T00:00:09.000Z"),
    ]


def test_a_window_that_changes_no_price_is_passed_over() -> None:
    dearer, never = point("dearer", 5_000), point("never", 5_000)
    dearer["offers"].append(dearer["offers"][0] | {"seller": "x", "price": 9.0, "sale_price": None})
    dearer["offers"][0] |= {"sale_price": 9.5}
    dearer["price"] = 9.0
    never["offers"][0] |= {"sale_ends_at_ms": 4_000}
    later = point("later", 5_000)
    later["offers"].append(later["offers"][0] | {"seller": "x", "sale_price": 9.99, "sale_starts_at_ms": 2_000})
    later["offers"][1] |= {"price": 12.0, "sale_price": 11.0}
    later["price_changes_at_ms"] = 2_000
    coming = coming_prices([dearer, never, later], Shop(None, ("en",)), 60_000)
    assert [(each.product_id, each.then, each.at) for each in coming] == [
        ("later", 8.0, "1970-01-01T00:00:05.000Z"),
        ("later", 10.0, "1970-01-01T00:00:06.000Z"),
    ]


def test_the_calendar_ends_with_its_day() -> None:
    assert len(coming_prices([point(str(n), n) for n in range(1, 201)], Shop(None, ()), 150)) == 150


def test_each_change_of_the_last_hour_says_how_late_it_was_the_last_first() -> None:
    now_ms = 2 * BACK_MS
    turned = [Turned("old", 1, 2), Turned("a", now_ms - 500, now_ms - 300), Turned("b", now_ms - 100, now_ms)]
    changed = changed_prices(lately_turned(turned, now_ms), {"a": point("a", 0)}, Shop(None, ("en",)))
    assert [(each.product_id, each.late_seconds) for each in changed] == [("b", 0.1), ("a", 0.2)]
    assert [(each.title, each.price, each.currency) for each in changed] == [(None, None, None), ("lamp", 10.0, "EUR")]
