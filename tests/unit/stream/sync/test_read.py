"""A feed of another format: the events of the topic that is compared, and nothing that its shop hides."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from schemas.errors import InvalidFeedLine
from stream.sync.read import read_feed
from stream.sync.spill import spill
from workers.sources.file_events import FileFormat
from workers.sources.files import rows
from workers.sources.formats import Source

NOW_MS = 1_795_000_000_000
MERCHANT = b"""id\ttitle\tprice\tavailability\titem group id
TV-1\tTelevision\t499.00 EUR\tin stock\tTV
TV-2\tTelevision, large\t799.00 EUR\tout of stock\tTV
"""


def read(topic: str, content: bytes, name: Any, **source: Any) -> list[tuple[str, int, dict[str, Any]]]:
    kind = FileFormat(Source(topic=topic, format=name, **source), "EUR")
    with spill() as gathered:
        found = rows(BytesIO(content), takes_text=kind.takes_text)
        read_feed(topic, found, kind, gathered, NOW_MS, lambda *_: None)
        lines = [(each.product_id, *line) for each in gathered.products() for line in each.lines]
    return [(product_id, number, json.loads(value)) for product_id, number, value in lines]


def test_one_feed_is_one_of_products_and_one_of_prices() -> None:
    products = read("products", MERCHANT, "google-merchant")
    assert [(product_id, number, body["title"]) for product_id, number, body in products] == [
        ("TV-1", 2, "Television"),
        ("TV-2", 3, "Television, large"),
    ]
    prices = read("prices", MERCHANT, "google-merchant")
    assert [body["price"] for _, _, body in prices] == ["499.00", "799.00"]


def test_a_product_that_its_shop_hides_is_not_in_the_feed() -> None:
    content = json.dumps([{"id": 1, "name": "Rug", "status": "publish"}, {"id": 2, "name": "Mat", "status": "draft"}])
    assert [product_id for product_id, *_ in read("products", content.encode(), "woocommerce")] == ["1"]


def test_a_row_of_debezium_that_is_hidden_or_deleted_is_not_in_the_feed() -> None:
    rows = [{"id": number, "name": "Rug", "active": number != 2, "__deleted": str(number == 3)} for number in (1, 2, 3)]
    mapping = {"product_id": "id", "title": "name", "visible": "active"}
    found = read("products", json.dumps(rows).encode(), "debezium-unwrapped", mapping=mapping, replica_identity="full")
    assert [product_id for product_id, *_ in found] == ["1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (MERCHANT + MERCHANT.splitlines()[1], "line 4: product 'TV-1' stands in line 2 already"),
        (MERCHANT + b"TV-3\tRadio\t5 pounds\n", "line 4: price: '5 pounds' is no price"),
        (MERCHANT + b"TV-3\ta\tb\tc\td\te\n", "line 4: the row has 6 cells"),
    ],
)
def test_a_row_that_is_wrong_refuses_the_feed_with_its_line(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidFeedLine, match=reason):
        read("products", content, "google-merchant")


def test_a_shape_that_no_format_was_given_for_is_named() -> None:
    with pytest.raises(InvalidFeedLine, match=r"line 1: this is a WooCommerce product.*give `--format woocommerce`"):
        read("products", json.dumps({"id": 1, "name": "Rug", "regular_price": "1"}).encode(), "freshline")
