from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.running_commands import freshline

if TYPE_CHECKING:
    from pathlib import Path

MERCHANT = b"id\ttitle\tprice\nTV-1\tTelevision\t499.00 EUR\nTV-2\tRadio\tfive\n"


@pytest.fixture(autouse=True)
def no_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FRESHLINE_SOURCES", raising=False)


def test_a_check_says_what_a_file_is_how_it_maps_and_what_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "feed.tsv.gz"
    file.write_bytes(gzip.compress(MERCHANT))
    done = freshline("formats", "check", str(file))
    assert done.code == 1
    assert "tab-separated text, read as google-merchant" in done.out
    assert '  line 2: prices TV-1 shop upsert: price 499.0, currency "EUR"' in done.out
    assert "2 rows read: 2 events, 1 refused\n  line 3: price: 'five' is no price" in done.out


@pytest.mark.parametrize(
    ("row", "topic"),
    [
        (b'{"product_id": "a", "price": 1, "currency": "EUR"}', "prices"),
        (b'{"product_id": "a", "review_id": "r", "rating": 5}', "reviews"),
        (
            b'{"before": null, "after": {"product_id": 7, "price": "1", "currency": "EUR"}, "source": {}, "op": "c"}',
            "prices",
        ),
    ],
)
def test_a_file_for_another_topic_is_told_which_one(row: bytes, topic: str) -> None:
    done = freshline("formats", "check", "-", stdin=row)
    assert done.code == 1 and f"as events of {topic} the rows are read: give --topic {topic}" in done.out
    assert freshline("formats", "check", "-", "--topic", topic, stdin=row).code == 0


def test_a_file_for_no_topic_is_told_none() -> None:
    done = freshline("formats", "check", "-", stdin=b'{"colour": "red"}')
    assert done.code == 1 and "--topic" not in done.out


@pytest.mark.parametrize(
    ("content", "seen", "looks"),
    [
        (b'{"product_id": "a", "title": "A"}', "JSON lines", "freshline"),
        (b"product_id,title\na,A\n", "comma-separated text", "csv"),
        (b'[{"id": 1, "name": "A", "regular_price": "1"}]', "a JSON array", "woocommerce"),
        (
            b'{"before": null, "after": {"product_id": "a", "title": "A"}, "source": {}, "op": "c"}',
            "JSON lines",
            "debezium",
        ),
        (
            b'{"id": "1", "source": "/", "specversion": "1.0", "type": "t", "data": {"product_id": "a", "title": "A"}}',
            "JSON lines",
            "cloudevents",
        ),
        (b"<rss><channel><item><id>a</id><title>A</title></item></channel></rss>", "XML", "google-merchant"),
    ],
)
def test_a_file_is_read_in_the_format_that_it_looks_like(
    content: bytes, seen: str, looks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRESHLINE_SHOP_CURRENCY", "EUR")
    done = freshline("formats", "check", "-", "--json", stdin=content)
    found = json.loads(done.out)
    assert done.code == 0
    assert (found["sees"], found["format"], found["read"], found["refused"]) == (seen, looks, 1, [])
    assert found["first"][0]["events"][0]["facts"] == {"title/und": "A"}


def test_the_looks_are_those_of_the_first_row_that_can_be_read() -> None:
    done = freshline("formats", "check", "-", stdin=b'product_id,title\na,"x"y\nb,B\n')
    assert done.code == 1
    assert "comma-separated text, read as csv" in done.out and "2 rows read: 1 event, 1 refused" in done.out
    done = freshline("formats", "check", "-", stdin=b"product_id,title\n")
    assert done.code == 0 and "comma-separated text, read as csv\n0 rows read" in done.out


def test_a_format_that_is_given_goes_before_the_looks() -> None:
    done = freshline(
        "formats", "check", "-", "--format=freshline", stdin=b'{"id": 1, "name": "A", "regular_price": "1"}'
    )
    assert done.code == 1 and "read as freshline" in done.out and "this is a WooCommerce product" in done.out


def test_a_platform_without_a_currency_is_named_and_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FRESHLINE_SHOP_CURRENCY", raising=False)
    done = freshline("formats", "check", "-", stdin=b'{"id": 1, "name": "A", "regular_price": "1"}')
    assert done.code == 1 and "JSON lines, read as woocommerce\n1 row read: 0 events, 1 refused" in done.out
    assert "FRESHLINE_SHOP_CURRENCY, to a code such as EUR" in " ".join(done.out.split())


def test_a_file_that_is_no_text_is_a_line_that_says_so() -> None:
    done = freshline("formats", "check", "-", stdin=b"PK\x03\x04")
    assert done.code == 2 and "the file is a zip archive or a spreadsheet" in done.err and done.out == ""


def test_up_refuses_sources_that_are_wrong_before_it_starts_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sources.yaml"
    monkeypatch.setenv("FRESHLINE_SOURCES", str(file))
    monkeypatch.delenv("FRESHLINE_SHOP_CURRENCY", raising=False)
    for text, reason in (
        ("sources: [{topic: items}]", "sources.0.topic"),
        ("sources: [{topic: products, format: magento}]", "currency"),
    ):
        file.write_text(text)
        done = freshline("up", "--data-dir", str(tmp_path / "data"))
        assert done.code == 1 and reason in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "data").exists()
