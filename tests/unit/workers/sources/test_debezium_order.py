"""Whatever transactions a database runs, and in whatever order their changes come, the item is what the tables hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import parse
from schemas.items import ItemState
from tests.support.sources import ARRIVED_MS, columns, message
from workers.sources.debezium import debezium
from workers.state import fold
from workers.state.projection import shown_facts

if TYPE_CHECKING:
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
