"""Whatever transactions a database runs, and in whatever order their changes come, the item is what the tables hold."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from schemas.events import parse
from schemas.items import ItemState
from tests.support.sources import ARRIVED_MS, columns, message
from workers.sources.debezium import debezium, debezium_unwrapped
from workers.state import fold
from workers.state.projection import shown_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.sources.messages import Message

MAPPINGS = {
    "products": columns(product_id="sku", title="name", description="long_text", attributes="extra"),
    "prices": columns(product_id="sku", seller="shop", price="amount", currency="currency"),
}
LONG = "__debezium_unavailable_value"
OPERATIONS = st.one_of(
    st.tuples(
        st.just("product"), st.sampled_from("ABC"), st.booleans(), st.sampled_from(["{}", '{"a": 1}', '{"b": 2}'])
    ),
    st.tuples(st.just("price"), st.sampled_from(["north", "south"]), st.integers(1, 9)),
    st.tuples(st.just("no price"), st.sampled_from(["north", "south"])),
    st.tuples(st.just("no product")),
)
TRANSACTIONS = st.lists(st.lists(OPERATIONS, min_size=1, max_size=4), min_size=1, max_size=6)


class Database:
    """One product and its prices, which go with it; and the log of the changes."""

    def __init__(self) -> None:
        self.product: dict[str, Any] | None = None
        self.prices: dict[str, int] = {}
        self.log: list[Message] = []
        self.now_ms = ARRIVED_MS - 1_000_000

    def run(self, operation: tuple[Any, ...]) -> None:
        match operation:
            case ("product", name, changes_text, extra):
                new = self.product is None
                text = f"text of {name}" if new or changes_text else (self.product or {})["long_text"]
                row = {"sku": "p", "name": name, "long_text": text, "extra": extra}
                self.product = row
                logged = row if new or changes_text else row | {"long_text": LONG}
                self.write("products", "c" if new else "u", {"sku": "p"}, logged)
            case ("price", shop, amount) if self.product is not None:
                new, self.prices[shop] = shop not in self.prices, amount
                row = {"sku": "p", "shop": shop, "amount": f"{amount}.00", "currency": "EUR"}
                self.write("prices", "c" if new else "u", {"sku": "p", "shop": shop}, row)
            case ("no price", shop) if shop in self.prices:
                self.withdraw(shop)
            case ("no product",) if self.product is not None:
                for shop in list(self.prices):
                    self.withdraw(shop)
                self.product = None
                self.write("products", "d", {"sku": "p"}, None)

    def withdraw(self, shop: str) -> None:
        del self.prices[shop]
        self.write("prices", "d", {"sku": "p", "shop": shop}, None)

    def write(self, table: str, op: str, key: dict[str, str], after: dict[str, Any] | None) -> None:
        invented: dict[str, Any] = {"name": "", "long_text": None, "amount": "0.00", "currency": ""}
        before = invented | key if op == "d" else None
        source = {"lsn": 1_000 + 8 * len(self.log), "ts_ms": self.now_ms}
        body = {"before": before, "after": after, "op": op, "source": source}
        self.log.append(message(table, body, key=key))
        if op == "d":
            self.log.append(message(table, None, key=key))


@given(TRANSACTIONS, st.randoms(use_true_random=False))
def test_the_item_is_what_the_tables_hold(transactions: list[list[tuple[Any, ...]]], random: Any) -> None:
    database = Database()
    for transaction in transactions:
        database.now_ms += random.choice([1, 1, 50])
        for operation in transaction:
            database.run(operation)
    arriving = database.log + random.sample(database.log, len(database.log) // 3)
    random.shuffle(arriving)

    state = ItemState("p")
    for given_message in arriving:
        for body in debezium(MAPPINGS[given_message.topic])(given_message):
            value = orjson.dumps(body.fields)
            state = fold.fold(state, parse(body.topic, None, value, arrived_at_ms=ARRIVED_MS, event_time_ms=None))

    product = shown_facts(state, None)
    if database.product is None:
        assert product is None
        return
    row = database.product
    attributes = {f"attributes/{name}": value for name, value in orjson.loads(row["extra"]).items()}
    assert product == {"title/und": row["name"], "description/und": row["long_text"], **attributes}
    prices = {shop: (shown_facts(state, shop) or {}).get("price") for shop in ("north", "south")}
    assert {shop: price for shop, price in prices.items() if price is not None} == database.prices


def sql_server(op: str, name: str, **source: Any) -> Message:
    row = {"sku": "p", "name": name, "long_text": None, "extra": None}
    images = {"before": row if op == "d" else None, "after": None if op == "d" else row}
    where = {"connector": "sqlserver", "ts_ms": ARRIVED_MS, "event_serial_no": 1, **source}
    return message("products", {**images, "op": op, "source": where}, key={"sku": "p"})


def title_of(messages: Iterable[Message]) -> str | None:
    state = ItemState("p")
    for each in messages:
        for body in debezium(MAPPINGS["products"])(each):
            value = orjson.dumps(body.fields)
            state = fold.fold(state, parse(body.topic, None, value, arrived_at_ms=ARRIVED_MS, event_time_ms=None))
    return (shown_facts(state, None) or {}).get("title/und")


def test_what_one_transaction_of_sql_server_does_to_a_row_is_ordered_by_its_log() -> None:
    """All its changes have one time, and one commit_lsn."""
    commit = "00000027:00000ac8:0001"
    lsns = ("00000027:00000ab8:0014", "00000027:00000ac0:0002", "00000027:00000ac0:0010")
    for last, title in (("u", "third"), ("d", None)):
        steps = zip(("c", "u", last), ("first", "second", "third"), lsns, strict=True)
        messages = [sql_server(op, name, change_lsn=lsn, commit_lsn=commit) for op, name, lsn in steps]
        snapshot = sql_server("r", "read", change_lsn=None, commit_lsn="00000026:0000ffff:0003")
        for order in permutations([snapshot, *messages]):
            assert title_of(order) == title


def test_a_position_of_sql_server_is_the_same_in_every_form_of_debezium() -> None:
    lsn = "0000002c:00000b28:0004"
    row = {"sku": "p", "name": "Lamp", "long_text": None, "extra": None}
    [whole] = debezium(MAPPINGS["products"])(sql_server("c", "Lamp", change_lsn=lsn, commit_lsn=lsn))
    unwrap, mapping = debezium_unwrapped, MAPPINGS["products"]
    [flat] = unwrap(mapping)(message("products", row | {"__source_change_lsn": lsn, "__op": "c"}))
    attributes = {"iodebeziumop": "c", "iodebeziumchangelsn": lsn}
    [event] = debezium(mapping)(message("products", {"before": None, "after": row}, headers=attributes))
    assert whole.fields["version"] == flat.fields["version"] == event.fields["version"]


@given(st.tuples(*[st.integers(0, 2**bits - 1) for bits in (27, 25, 11)]), st.integers(0, 2))
def test_a_position_of_sql_server_is_a_version_or_refused(parts: tuple[int, int, int], beyond: int) -> None:
    def version(numbers: Iterable[int]) -> int:
        file, block, record = numbers
        lsn = f"{file:08X}:{block:08x}:{record:04x}"
        [body] = debezium(MAPPINGS["products"])(sql_server("c", "Lamp", change_lsn=lsn))
        found: int = body.fields["version"]
        return found

    file, block, record = parts
    assert 0 <= version(parts) < 2**64
    if record < 2**11 - 1:
        assert version(parts) < version((file, block, record + 1))
    if block < 2**25 - 1:
        assert version(parts) < version((file, block + 1, 0))
    numbers = list(parts)
    numbers[beyond] = 2 ** (27, 25, 11)[beyond]
    with pytest.raises(InvalidEvent, match="more than 63 bits"):
        version(numbers)
