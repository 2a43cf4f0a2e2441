"""`freshline sync` where the feed or the command line is wrong: one line, and nothing is asked of a broker."""

from __future__ import annotations

from codecs import BOM_UTF8

import pytest

from stream.commands.current_run import CommandBounds
from tests.support.running_commands import freshline

NOBODY = "--kafka=127.0.0.1:9"
LAMP = b'{"product_id": "lamp", "title": "Lamp"}\n'
PRICE = b'{"product_id": "lamp", "seller": "x", "price": 1, "currency": "EUR"}\n'


@pytest.mark.parametrize(
    ("topic", "feed", "message"),
    [
        ("products", LAMP + b"\n{oops\n", "line 3: the record is not JSON"),
        ("products", b'{"product_id": "lamp"}', "line 1: title: is missing or empty"),
        ("prices", PRICE + b'{"product_id": "b", "price": -1, "currency": "EUR"}', "line 2: price: -1 is negative"),
        ("products", BOM_UTF8 + LAMP + b"{oops\n", "line 2: the record is not JSON"),
        ("products", LAMP * 2, "line 2: product 'lamp' stands in line 1 already: leave one of them out"),
        ("prices", PRICE + b"\n" + PRICE, "line 3: the offer of 'x' for product 'lamp' stands in line 1 already"),
        ("products", LAMP + b"[" * 2_000_000, "line 2: the record takes 1048578 bytes: at most 1048576 are allowed"),
    ],
)
def test_a_broken_line_is_named_by_its_number_and_nothing_is_sent(topic: str, feed: bytes, message: str) -> None:
    done = freshline("sync", topic, "-", "--execute", "--force", NOBODY, stdin=feed)
    assert done.code == 1 and done.out == ""
    assert done.err.startswith(f"freshline: {message}") and done.err.endswith(" (nothing was sent)\n")
    assert done.err.count("\n") == 1


def test_where_no_broker_answers_it_is_one_line() -> None:
    bounds = CommandBounds(broker_seconds_max=0.0, connect_seconds_max=0.1)
    done = freshline("sync", "products", "-", NOBODY, stdin=LAMP, bounds=bounds)
    assert done.code == 1 and done.out == "" and done.err.count("\n") == 1 and "127.0.0.1:9" in done.err


def test_there_are_feeds_of_products_and_prices_alone() -> None:
    assert freshline("sync", "reviews", "-", NOBODY).code == 2
    assert freshline("sync", "products", "/none/such.jsonl", NOBODY).code == 2


def test_waiting_for_what_is_not_sent_is_wrong_usage() -> None:
    done = freshline("sync", "products", "-", "--wait", NOBODY)
    assert done.code == 2 and done.err.startswith("freshline: --wait: without --execute nothing is sent")
