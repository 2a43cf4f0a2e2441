"""Debezium's events, rebuilt with other values in the shapes of version 3.6 on PostgreSQL."""

from __future__ import annotations

from base64 import b64encode
from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from schemas.items import ItemState
from schemas.times import TIME_MS_BELOW
from tests.support.sources import ARRIVED_MS, columns, events, message
from workers.sources.connect_schema import read_json
from workers.sources.connect_values import decimal_text, reader, time_value
from workers.sources.debezium import debezium, debezium_unwrapped
from workers.sources.mapping import Column
from workers.state import fold
from workers.state.projection import shown_facts

if TYPE_CHECKING:
    from workers.sources.messages import Message

LONG = "__debezium_unavailable_value"
COMMIT_MS = 1_794_000_000_500
PRODUCTS = columns(
    product_id="sku",
    title="name",
    description="long_text",
    visible="active",
    attributes="extra",
    attributes__size="size",
)
PRICES = columns(
    product_id="sku",
    seller="shop_code",
    price=Column(column="amount", scale=2),
    sale_price="reduced",
    currency=Column(value="EUR"),
    sale_starts_at="from_time",
)
REVIEWS = columns(product_id="sku", review_id="id", rating="stars")
MAPPINGS = {"products": PRODUCTS, "prices": PRICES, "reviews": REVIEWS}

LAMP = {
    "sku": "lamp-7",
    "name": "Oak lamp",
    "long_text": "Warm light",
    "active": True,
    "extra": '{"watt": 5}',
    "size": "L",
}
OFFER = {"sku": "lamp-7", "shop_code": "north", "amount": "CSk=", "reduced": None, "from_time": None}


def change(topic: str, op: str, lsn: int, *, before: Any = None, after: Any = None, key: Any = None) -> Message:
    """Return an envelope. `after` or, for a delete, `before` is the row."""
    source = {"connector": "postgresql", "ts_ms": COMMIT_MS, "snapshot": "false", "table": topic, "txId": 9, "lsn": lsn}
    return message(
        topic, {"before": before, "after": after, "source": source, "op": op, "ts_ms": COMMIT_MS + 70}, key=key
    )


def adapted(given: Message, *, whole_rows: bool = False) -> list[Any]:
    return events(debezium(MAPPINGS[given.topic], whole_rows=whole_rows), given)


def shown(messages: list[Message], part: str | None = None, *, whole_rows: bool = False) -> dict[str, Any] | None:
    state = ItemState("lamp-7")
    for each in messages:
        for event in adapted(each, whole_rows=whole_rows):
            state = fold.fold(state, event)
    return shown_facts(state, part)


@pytest.mark.parametrize("op", ["c", "u", "r"])
def test_a_created_changed_or_snapshot_row_is_an_upsert_ordered_by_its_lsn(op: str) -> None:
    [event] = adapted(change("products", op, 800, after=LAMP))
    assert (event.op, event.product_id, event.stamp[:2]) == ("upsert", "lamp-7", (1601, COMMIT_MS))
    assert event.facts == {
        "title/und": "Oak lamp",
        "description/und": "Warm light",
        "attributes/watt": 5,
        "attributes/size": "L",
    }


def test_a_delete_takes_nothing_but_the_key_from_before_and_wins_over_the_version_that_it_deletes() -> None:
    invented = {
        "sku": "lamp-7",
        "name": "",
        "long_text": None,
        "active": True,
        "extra": None,
        "size": None,
        "version": 1,
    }
    created = change("products", "c", 800, after=LAMP)
    deleted = change("products", "d", 808, before=invented, key={"sku": "lamp-7"})
    for order in permutations([created, deleted]):
        assert shown(list(order)) is None


def test_a_row_that_a_transaction_deletes_and_inserts_again_stays_with_its_price() -> None:
    """All changes of a transaction have one time, so that the position decides."""
    messages = [
        change("products", "c", 800, after=LAMP),
        change("products", "d", 808, before=LAMP, key={"sku": "lamp-7"}),
        change("products", "c", 816, after=LAMP | {"name": "Oak lamp, new"}),
        change("prices", "c", 824, after=OFFER),
    ]
    for order in permutations(messages):
        facts, offer = shown(list(order)), shown(list(order), "north")
        assert facts is not None and facts["title/und"] == "Oak lamp, new"
        assert offer is not None and offer["price"] == 23.45


def test_the_tombstone_after_a_delete_is_no_event() -> None:
    assert adapted(message("products", None, key={"sku": "lamp-7"})) == []


def test_a_changed_key_moves_the_offer() -> None:
    key = {"sku": "lamp-7", "shop_code": "north"}
    [gone] = adapted(change("prices", "d", 900, before=OFFER, key=key))
    [come] = adapted(change("prices", "c", 900, after=OFFER | {"sku": "lamp-8"}, key=key | {"sku": "lamp-8"}))
    assert (gone.op, gone.product_id, gone.part) == ("delete", "lamp-7", "north")
    assert (come.op, come.product_id, come.part) == ("upsert", "lamp-8", "north")


def test_a_changed_key_that_leaves_the_offer_the_same_keeps_it() -> None:
    """A surrogate key may change while product and seller stay: delete and create have one position."""
    full = change("prices", "d", 900, before=OFFER, key={"id": 5})
    created = change("prices", "c", 900, after=OFFER, key={"id": 6})
    for order in permutations([full, created]):
        assert shown(list(order), "north", whole_rows=True) is not None


def test_a_text_that_was_not_logged_stays_and_other_attributes_go() -> None:
    first = change("products", "c", 800, after=LAMP)
    update = LAMP | {"name": "Oak lamp XL", "long_text": "__debezium_unavailable_value", "extra": '{"volt": 12}'}
    second = change("products", "u", 808, after=update)
    for order in permutations([first, second]):
        assert shown(list(order)) == {
            "title/und": "Oak lamp XL",
            "description/und": "Warm light",
            "attributes/volt": 12,
            "attributes/size": "L",
        }


@pytest.mark.parametrize(
    ("changed", "attributes"),
    [
        ({"extra": LONG}, {"watt": 5, "size": "XL"}),
        ({"extra": LONG, "long_text": LONG}, {"watt": 5, "size": "XL"}),
        ({"extra": '{"volt": 12}', "size": LONG}, {"watt": 5, "volt": 12, "size": "L"}),
        ({"extra": '{"volt": 12}', "long_text": LONG}, {"volt": 12, "size": "XL"}),
    ],
)
def test_a_column_of_attributes_that_was_not_logged_takes_no_other_with_it(
    changed: dict[str, Any], attributes: dict[str, Any]
) -> None:
    first = change("products", "c", 800, after=LAMP)
    second = change("products", "u", 808, after=LAMP | {"size": "XL"} | changed)
    for order in permutations([first, second]):
        found = shown(list(order)) or {}
        assert {name[11:]: value for name, value in found.items() if name.startswith("attributes/")} == attributes


def test_a_language_that_left_a_column_of_texts_goes_although_another_column_was_not_logged() -> None:
    first = change("products", "c", 800, after=LAMP | {"name": '{"en": "Lamp", "de": "Leuchte"}'})
    second = change("products", "u", 808, after=LAMP | {"name": '{"en": "Oak lamp"}', "long_text": LONG})
    for order in permutations([first, second]):
        found = shown(list(order)) or {}
        assert {name: value for name, value in found.items() if name.startswith("title")} == {"title/en": "Oak lamp"}


@pytest.mark.parametrize(
    "placeholder",
    [
        "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==",
        ["__debezium_unavailable_value"],
        ["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="],
        list(b"__debezium_unavailable_value"),
        {"__debezium_unavailable_value": "__debezium_unavailable_value"},
    ],
    ids=["bytes", "texts", "arrays of bytes", "integers", "hstore"],
)
def test_a_column_of_any_type_that_was_not_logged_stays(placeholder: Any) -> None:
    adapt = debezium(columns(product_id="sku", title="name", attributes__size="size"))
    row = {"sku": "lamp-7", "name": "Oak lamp", "size": placeholder}
    [event] = events(adapt, change("products", "u", 808, after=row))
    assert (event.op, event.facts) == ("patch", {"title": None, "title/und": "Oak lamp"})


@pytest.mark.parametrize(
    ("topic", "before", "key"),
    [
        ("reviews", {"id": 4, "sku": "", "stars": 0}, {"id": 4}),
        ("reviews", {"id": 4, "sku": "lamp-7", "stars": 5}, {"id": 4}),
        ("prices", {"id": 4, "sku": "lamp-7", "shop_code": "north"}, {"id": 4, "sku": "lamp-7"}),
        ("prices", {"sku": "lamp-7", "shop_code": "north"}, b"lamp-7"),
        ("products", {"id": 4, "sku": "0.0"}, {"id": 4}),
        ("products", {"id": 4, "sku": "lamp-7"}, b"4"),
        ("products", {"sku": "lamp-7"}, None),
    ],
)
def test_a_delete_takes_no_name_from_before_that_is_not_in_its_key(topic: str, before: Any, key: Any) -> None:
    """PostgreSQL's connector invents it: the default of a column may be the name of a seller who is still there."""
    with pytest.raises(InvalidEvent, match=r"make the column a part of the key.*`replica_identity: full`"):
        adapted(change(topic, "d", 900, before=before, key=key))


def test_a_tombstone_has_only_its_key_whatever_is_configured() -> None:
    """The refusal named a column of the mapping, which is right: what is missing is in the key."""
    with pytest.raises(InvalidEvent, match=r"product_id: the delete does not say which.*rewrite deletes"):
        events(debezium_unwrapped(REVIEWS, whole_rows=True), message("reviews", None, key={"id": 4}))


def test_an_invented_row_is_not_taken_for_a_whole_one_where_that_can_be_seen() -> None:
    deleted = change("reviews", "d", 900, before={"id": 4, "sku": "", "stars": 0}, key={"id": 4})
    with pytest.raises(InvalidEvent, match="product_id: is empty in the row that was deleted: set REPLICA IDENTITY"):
        adapted(deleted, whole_rows=True)


def test_a_delete_with_the_whole_row_names_what_is_gone() -> None:
    deleted = change("reviews", "d", 900, before={"id": 4, "sku": "lamp-7", "stars": 5}, key={"id": 4})
    [event] = adapted(deleted, whole_rows=True)
    assert (event.op, event.product_id, event.part) == ("delete", "lamp-7", "4")
    deleted.body["source"]["connector"] = "mysql"
    assert adapted(deleted) == [event]
    row = deleted.body["before"] | {"__deleted": "true", "__source_lsn": 900, "__source_ts_ms": COMMIT_MS}
    unwrapped = deleted._replace(body=row)
    assert events(debezium_unwrapped(REVIEWS, whole_rows=True), unwrapped) == [event]
    assert events(debezium_unwrapped(REVIEWS), unwrapped._replace(body=row | {"__connector": "mysql"})) == [event]


@pytest.mark.parametrize("before", [{"sku": "0", "shop_code": ""}, {"sku": "", "shop_code": "shop"}])
def test_what_the_key_of_a_delete_says_goes_before_what_is_invented(before: dict[str, Any]) -> None:
    key = {"sku": "lamp-7", "shop_code": "north"}
    deleted = change("prices", "d", 900, before=before, key=key)
    rewritten = message("prices", before | {"__deleted": "true", "__source_lsn": 900}, key=key)
    for event in (*adapted(deleted), *events(debezium_unwrapped(PRICES), rewritten)):
        assert (event.op, event.product_id, event.part) == ("delete", "lamp-7", "north")


@pytest.mark.parametrize("key", [b"lamp-7", b'"lamp-7"', b"Struct{sku=lamp-7}"])
def test_a_key_of_one_value_names_the_row_that_is_deleted(key: bytes) -> None:
    [event] = adapted(change("products", "d", 900, before={"sku": "lamp-7", "name": ""}, key=key))
    assert (event.op, event.product_id) == ("delete", "lamp-7")


def test_a_truncate_is_refused_with_the_way_out_and_a_logical_message_is_no_event() -> None:
    with pytest.raises(InvalidEvent, match=r"truncated.*freshline sync prices"):
        adapted(change("prices", "t", 900))
    with pytest.raises(InvalidEvent, match="send op delete for each"):  # `sync` knows no reviews.
        adapted(change("reviews", "t", 900))
    assert adapted(change("prices", "m", 900)) == []


@pytest.mark.parametrize(
    "word",
    [
        *(False, 0, "0.00", "draft", "archived", "hidden", None),
        *("Soft-Deleted", "not published", "Not_Visible", "suspended", "EXPIRED", "\u200b", " draft\u00a0"),
    ],
)
def test_a_hidden_product_is_not_shown_and_comes_back_with_its_price(word: object) -> None:
    visible = [change("products", "c", 800, after=LAMP), change("prices", "c", 801, after=OFFER)]
    hidden = change("products", "u", 808, after=LAMP | {"active": word})
    back = change("products", "u", 816, after=LAMP)
    facts = shown([*visible, hidden])
    assert facts is None or "title/und" not in facts
    for order in permutations([*visible, hidden, back]):
        assert shown(list(order), "north") is not None and (shown(list(order)) or {})["title/und"] == "Oak lamp"


@pytest.mark.parametrize(
    ("raw", "scale", "price"),
    [
        ("CSk=", 2, 23.45),
        ({"scale": 1, "value": "Yw=="}, None, 9.9),
        ("23.45", None, 23.45),
        (23.45, None, 23.45),
        ("AA==", 2, 0.0),
    ],
)
def test_decimals_are_read_in_all_three_modes(raw: object, scale: int | None, price: float) -> None:
    mapping = PRICES | {"price": Column(column="amount", scale=scale)}
    [event] = events(debezium(mapping), change("prices", "c", 1, after=OFFER | {"amount": raw}))
    assert event.facts["price"] == price


@pytest.mark.parametrize(("raw", "price"), [("0E-18", 0.0), ("1.0E+2", 100.0), ("1.5E-7", 0.0), ("12.50     ", 12.5)])
def test_decimals_are_read_as_java_and_columns_of_a_fixed_width_write_them(raw: str, price: float) -> None:
    mapping = columns(product_id="sku", price="amount", currency="money")
    row = {"sku": "lamp-7", "amount": raw, "money": "EUR"}
    [event] = events(debezium(mapping), change("prices", "c", 1, after=row))
    assert event.facts == {"price": price, "currency": "EUR"}


def test_a_decimal_in_bytes_without_a_scale_is_refused_with_the_way_out() -> None:
    mapping = PRICES | {"price": Column(column="amount")}
    with pytest.raises(InvalidEvent, match=r"price: 'CSk=' is no decimal.*decimal.handling.mode=string.*scale: 2"):
        events(debezium(mapping), change("prices", "c", 1, after=OFFER))


def test_negative_decimals_and_scales_of_nought_are_read() -> None:
    assert (decimal_text("/w==", 0), decimal_text("+2c=", 2), decimal_text("DA==", -3)) == ("-1", "-11.77", "12000")


TIME_MS = 1_794_268_800_123


@pytest.mark.parametrize(
    "raw",
    [
        TIME_MS,
        TIME_MS * 1000 + 456,
        TIME_MS * 1_000_000,
        "2026-11-10T00:00:00.123456Z",
        "2026-11-10T08:00:00.123+08:00",
        "2026-11-10 00:00:00.123",
        "2026-11-10T00:00:00.123",
    ],
)
def test_times_are_read_in_all_their_encodings(raw: object) -> None:
    [event] = adapted(change("prices", "c", 1, after=OFFER | {"from_time": raw}))
    assert event.facts["sale_starts_at_ms"] == TIME_MS


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-10 08:00:00+08", "2026-11-10 08:00:00.000+0800", "2026-11-10T00:00Z", "2026-11-10 00:00"),
        *("2026-11-10 00:00:00 +00:00", "2026-11-10 00:00:00 UTC", "2026-11-09 18:30:00-05:30", "1794268800000"),
        *("1794268800000000", "1794268800000000000"),
    ],
)
def test_times_are_read_as_databases_write_them_in_texts(text: str) -> None:
    [event] = adapted(change("prices", "c", 1, after=OFFER | {"from_time": text}))
    assert event.facts["sale_starts_at_ms"] == 1_794_268_800_000


@pytest.mark.parametrize("never", ["0000-00-00", "0000-00-00 00:00:00", "0000-00-00T00:00:00Z"])
def test_the_zero_date_of_mysql_is_no_time(never: str) -> None:
    [event] = adapted(change("prices", "c", 1, after=OFFER | {"from_time": never}))
    assert "sale_starts_at_ms" not in event.facts


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("0000-12-31T23:00:00Z", 0),
        ("Infinity", TIME_MS_BELOW - 1),
        ("-INFINITY", 0),
        ("0001-01-01 00:00:00+00:19:32", 0),
    ],
)
def test_a_text_beyond_all_years_is_the_first_or_the_last_time(text: str, time_ms: int) -> None:
    [event] = adapted(change("prices", "c", 1, after=OFFER | {"from_time": text}))
    assert event.facts["sale_starts_at_ms"] == time_ms


@pytest.mark.parametrize(
    ("name", "raw", "read_as"),
    [
        ("io.debezium.time.Time", 36_000_500, "10:00:00.500000"),
        ("io.debezium.time.MicroTime", 36_000_000_000, "10:00:00"),
        ("io.debezium.time.NanoTime", 36_000_000_000_000, "10:00:00"),
        ("org.apache.kafka.connect.data.Time", 0, "00:00:00"),
        ("io.debezium.time.MicroDuration", 5_400_000_000, "PT5400S"),
        ("io.debezium.time.NanoDuration", 3_600_000_000_000_000, "PT3600000S"),
    ],
)
def test_a_time_of_day_or_a_duration_is_no_moment(name: str, raw: int, read_as: str) -> None:
    read = reader({"type": "int64", "name": name})
    assert read is not None and read(raw) == read_as
    with pytest.raises(InvalidEvent, match=r"sale_starts_at: .* is no RFC 3339 time"):
        adapted(change("prices", "c", 1, after=OFFER | {"from_time": read_as}))


@pytest.mark.parametrize(("raw", "unit"), [(2026, "a year"), ("1794268800", "seconds")])
def test_a_year_and_seconds_in_a_text_are_refused(raw: object, unit: str) -> None:
    with pytest.raises(InvalidEvent, match=f"sale_starts_at: {raw} looks like {unit}"):
        adapted(change("prices", "c", 1, after=OFFER | {"from_time": raw}))


@pytest.mark.parametrize("day", [20767, "2026-11-10Z", "2026-11-10"])
def test_a_day_begins_at_midnight_in_utc(day: object) -> None:
    [event] = adapted(change("prices", "c", 1, after=OFFER | {"from_time": day}))
    assert event.facts["sale_starts_at_ms"] == 1_794_268_800_000


def test_seconds_are_refused() -> None:
    with pytest.raises(InvalidEvent, match="sale_starts_at: 1794268800 looks like seconds"):
        adapted(change("prices", "c", 1, after=OFFER | {"from_time": 1_794_268_800}))


def test_a_schema_says_the_scale_and_the_unit() -> None:
    fields = [
        {"type": "string", "field": "sku"},
        {
            "type": "bytes",
            "name": "org.apache.kafka.connect.data.Decimal",
            "parameters": {"scale": "3"},
            "field": "amount",
        },
        {"type": "int64", "name": "io.debezium.time.MicroTimestamp", "field": "from_time"},
    ]
    plain = change("prices", "c", 4, after=OFFER | {"from_time": TIME_MS * 1000})
    schema = {"type": "struct", "fields": [{"type": "struct", "field": "after", "fields": fields}]}
    body = {"schema": schema, "payload": plain.body}
    for read in (plain._replace(body=body), plain._replace(body=read_json(orjson.dumps(body)))):
        [event] = events(debezium(PRICES | {"price": Column(column="amount")}), read)
        assert (event.facts["price"], event.facts["sale_starts_at_ms"]) == (2.345, TIME_MS)


@pytest.mark.parametrize(
    "text",
    [
        b'{"schema":null,"payload":{"a":1}}',
        b'{"payload":{"a":1},"schema":{"fields":[]}}',
        b'{"schema":{},"payload":{"a":1} }',
    ],
)
def test_a_schema_before_or_behind_the_payload_is_read(text: bytes) -> None:
    assert read_json(text)["payload"] == {"a": 1}


def test_a_record_that_is_no_json_is_refused_as_such() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        read_json(b'{"schema":{},"payload":{"a":1}')


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("io.debezium.time.Date", 20767, "2026-11-10"),
        ("io.debezium.time.NanoTimestamp", TIME_MS * 1_000_000, "2026-11-10T00:00:00.123Z"),
        ("io.debezium.time.Timestamp", TIME_MS, "2026-11-10T00:00:00.123Z"),
    ],
)
def test_values_with_a_schema_become_text_that_people_read(name: str, raw: object, text: str) -> None:
    read = reader({"type": "int64", "name": name})
    assert read is not None and read(raw) == text


def test_values_that_mean_the_same_without_their_schema_are_not_read_by_it() -> None:
    for name in ("io.debezium.time.ZonedTimestamp", "io.debezium.data.Json", None):
        assert reader({"type": "string", "name": name}) is None


@given(st.integers(-(10**40), 10**40), st.integers(-5, 30))
def test_a_decimal_in_bytes_is_the_one_that_was_encoded(unscaled: int, scale: int) -> None:
    encoded = b64encode(unscaled.to_bytes(18, "big", signed=True)).decode()
    assert Fraction(decimal_text(encoded, scale)) == Fraction(unscaled) / Fraction(10) ** scale


def test_a_row_lacks_a_column_of_the_mapping_and_is_told() -> None:
    with pytest.raises(InvalidEvent, match="title: the row has no column 'name', only sku"):
        adapted(change("products", "c", 1, after={"sku": "lamp-7"}))


def test_without_a_mapping_columns_have_the_names_of_our_fields() -> None:
    row = {"product_id": 77, "title": "Rug", "colour": "red"}
    [event] = events(debezium(None), change("products", "c", 1, after=row))
    assert (event.product_id, event.facts) == ("77", {"title/und": "Rug", "attributes/colour": "red"})


def test_without_a_mapping_a_table_that_has_other_names_is_told_to_get_one() -> None:
    with pytest.raises(InvalidEvent, match=r"product_id: no column has this name, only id, name: give a `mapping`"):
        events(debezium(None), change("products", "c", 1, after={"id": 7, "name": "Rug"}))


def test_mysql_is_ordered_by_the_file_and_place_of_its_log() -> None:
    def at(file: str, pos: int) -> int:
        given = change("products", "c", 1, after=LAMP)
        given.body["source"] = {"ts_ms": COMMIT_MS, "file": file, "pos": pos}
        version: int = adapted(given)[0].stamp.version
        return version

    assert at("mysql-bin.000009", 4_000_000_000) < at("mysql-bin.000010", 154) < at("mysql-bin.000010", 155)


def test_a_commit_without_a_time_has_that_of_its_event_else_that_of_its_record() -> None:
    given = change("products", "c", 900, after=LAMP)
    given.body["source"]["ts_ms"] = 0
    assert adapted(given)[0].stamp[:2] == (1801, COMMIT_MS + 70)
    given.body["ts_ms"] = 0
    assert adapted(given)[0].stamp[:2] == (1801, ARRIVED_MS)
    unwrapped = message("products", LAMP | {"__source_lsn": 900, "__source_ts_ms": 0})
    assert events(debezium_unwrapped(PRODUCTS), unwrapped)[0].stamp[:2] == (1801, ARRIVED_MS)


def test_a_document_of_mongodb_is_refused_with_the_way_out() -> None:
    given = change("products", "c", 1, after='{"_id": {"$oid": "65f0"}, "name": "Oak lamp"}')
    with pytest.raises(InvalidEvent, match=r"MongoDB.*ExtractNewDocumentState.*debezium-unwrapped"):
        adapted(given)


def test_what_is_no_envelope_is_refused_and_names_the_other_format() -> None:
    with pytest.raises(InvalidEvent, match="debezium-unwrapped"):
        adapted(message("products", LAMP))


def test_an_unwrapped_row_is_ordered_by_the_fields_that_the_connector_adds() -> None:
    added = {"__deleted": "false", "__op": "u", "__source_ts_us": COMMIT_MS * 1000 + 7, "__source_lsn": 700}
    [event] = events(debezium_unwrapped(PRODUCTS), message("products", LAMP | added))
    assert (event.op, event.stamp[:2]) == ("upsert", (1401, COMMIT_MS))
    assert not any("__" in fact for fact in event.facts)


def test_an_unwrapped_delete_that_was_rewritten_is_a_delete() -> None:
    added = {"__deleted": "true", "__op": "d", "__source_ts_ms": COMMIT_MS, "__source_lsn": 700}
    row = {"sku": "lamp-7", "name": "", "long_text": None, "active": True, "extra": None, "size": None} | added
    [event] = events(debezium_unwrapped(PRODUCTS), message("products", row, key={"sku": "lamp-7"}))
    assert (event.op, event.product_id, event.stamp.version) == ("delete", "lamp-7", 1400)


@pytest.mark.parametrize("mark", [{"__deleted": 1}, {"__deleted": "1"}, {"__deleted": "t"}, {"__op": "D"}])
def test_a_row_that_is_marked_as_deleted_in_any_spelling_is_a_delete(mark: dict[str, Any]) -> None:
    [event] = events(debezium_unwrapped(PRODUCTS), message("products", LAMP | mark, key={"sku": "lamp-7"}))
    assert event.op == "delete"


def test_no_op_that_debezium_has_not_changes_an_item() -> None:
    for row in (LAMP | {"__op": "t", "__table": "lamps"}, LAMP | {"__op": "T"}):
        with pytest.raises(InvalidEvent, match=r"table.* was truncated"):
            events(debezium_unwrapped(PRODUCTS), message("products", row))
    with pytest.raises(InvalidEvent, match="op: 'x' is none of Debezium's"):
        events(debezium(PRODUCTS), message("products", {"op": "x", "before": None, "after": LAMP, "source": {}}))


@pytest.mark.parametrize(
    "key",
    [
        orjson.dumps({"sku": "lamp-7", "shop_code": "a,b"}),
        orjson.dumps({"schema": {}, "payload": {"sku": "lamp-7", "shop_code": "a,b"}}),
        b"Struct{sku=lamp-7,shop_code=a,b}",
    ],
)
def test_an_unwrapped_tombstone_withdraws_what_its_key_names(key: bytes) -> None:
    [event] = events(debezium_unwrapped(PRICES), message("prices", None, key=key))
    assert (event.op, event.product_id, event.part) == ("delete", "lamp-7", "a,b")


@pytest.mark.parametrize("key", [b"lamp-7", b'"lamp-7"'])
def test_a_key_of_one_value_is_the_product(key: bytes) -> None:
    [event] = events(debezium_unwrapped(PRODUCTS), message("products", None, key=key))
    assert (event.op, event.product_id) == ("delete", "lamp-7")


_NUMERIC = {"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal", "parameters": {"scale": "0"}}


@pytest.mark.parametrize(
    "key",
    [
        {"schema": {"type": "struct", "fields": [_NUMERIC | {"field": "sku"}]}, "payload": {"sku": "TQ=="}},
        {"schema": _NUMERIC, "payload": "TQ=="},
    ],
)
def test_a_decimal_in_the_key_of_a_tombstone_is_read_by_the_schema_of_the_key(key: dict[str, Any]) -> None:
    [event] = events(debezium_unwrapped(PRODUCTS), message("products", None, key=key))
    assert (event.op, event.product_id) == ("delete", "77")


def test_a_decimal_in_the_key_of_a_delete_without_an_image_is_read_by_the_schema_of_the_key() -> None:
    key = {"schema": {"type": "struct", "fields": [_NUMERIC | {"field": "sku"}]}, "payload": {"sku": "TQ=="}}
    [event] = adapted(change("products", "d", 1, key=key))
    assert (event.op, event.product_id) == ("delete", "77")


def test_two_changes_of_a_document_in_one_second_are_ordered_by_their_place_in_it() -> None:
    mapping = columns(product_id="_id", title="name")
    operations = [(COMMIT_MS - 1000, 9, "First"), (COMMIT_MS, 1, "Second"), (COMMIT_MS, 2, "Third")]
    rows = [
        {"_id": "m", "name": name, "__op": "u", "__source_ts_ms": ts_ms, "__source_ord": ord_}
        for ts_ms, ord_, name in operations
    ]
    for order in permutations(rows):
        state = ItemState("m")
        for row in order:
            [event] = events(debezium_unwrapped(mapping), message("products", row))
            state = fold.fold(state, event)
        assert shown_facts(state, None) == {"title/und": "Third"}


def test_an_envelope_where_rows_are_configured_is_refused_by_name() -> None:
    with pytest.raises(InvalidEvent, match="is a Debezium envelope"):
        events(debezium_unwrapped(PRODUCTS), change("products", "c", 1, after=LAMP))


def test_a_sale_price_that_is_not_below_the_price_is_no_sale() -> None:
    [event] = adapted(
        change("prices", "c", 1, after=OFFER | {"reduced": {"scale": 2, "value": "CSk="}, "from_time": 20767})
    )
    assert event.facts == {"price": 23.45, "currency": "EUR"}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("20260101120000", "2026-01-01T12:00:00Z"),
        ("202601011200", "2026-01-01T12:00:00Z"),
        ("19991231235959", "1999-12-31T23:59:59Z"),
        ("20260101120000123", "2026-01-01T12:00:00.123000Z"),
        ("20261301120000", "20261301120000"),
        ("202601012500", "202601012500"),
        ("1" * 5_000, "1" * 5_000),
        (20_260_101_120_000, "2026-01-01T12:00:00Z"),
        (20_260_101_120_000_123, "2026-01-01T12:00:00.123000Z"),
        (1_795_941_000_000, 1_795_941_000_000),
        ("1795941000000", 1_795_941_000_000),
        ("1795941000000000", 1_795_941_000_000),
    ],
)
def test_digits_that_are_a_date_in_order_are_no_milliseconds(text: str | int, read: Any) -> None:
    """A text that looks like such a date and is none stays as it is, and is refused by the parser."""
    assert time_value(text) == read


def test_a_time_that_is_neither_number_nor_text_is_left_to_the_parser() -> None:
    assert time_value(True) is True


def test_a_draft_is_shown_once_it_is_published_although_its_long_text_was_not_logged_again() -> None:
    draft = change("products", "c", 800, after=LAMP | {"active": False})
    edited = change("products", "u", 808, after=LAMP | {"active": False, "size": "XL", "long_text": LONG})
    published = change("products", "u", 816, after=LAMP | {"active": True, "size": "XL", "long_text": LONG})
    wanted = {"title/und": "Oak lamp", "description/und": "Warm light", "attributes/watt": 5, "attributes/size": "XL"}
    for order in permutations([draft, edited, published]):
        assert shown(list(order)) == wanted
    for order in permutations([draft, edited]):
        assert "title/und" not in (shown(list(order)) or {})


def test_a_product_is_never_shown_on_the_way_to_being_hidden() -> None:
    state, events = ItemState("lamp-7"), adapted(change("products", "c", 800, after=LAMP | {"active": False}))
    assert events
    for event in events:
        state = fold.fold(state, event)
        assert "title/und" not in (shown_facts(state, None) or {})


@pytest.mark.parametrize("committed_at_ms", [COMMIT_MS, None])
def test_a_database_without_positions_hides_what_it_hides(committed_at_ms: int | None) -> None:
    hidden = change("products", "u", 0, after=LAMP | {"active": False})
    hidden.body["source"] = {"connector": "mongodb", "ts_ms": committed_at_ms}
    assert "title/und" not in (shown([hidden]) or {})


def test_a_row_that_a_transaction_deletes_and_inserts_again_stays_where_only_the_time_of_commits_is_known() -> None:
    messages = [
        change("products", "d", 0, before=LAMP, key={"sku": "lamp-7"}),
        change("products", "c", 0, after=LAMP),
        change("prices", "d", 0, before=OFFER, key={"sku": "lamp-7", "shop_code": "north"}),
        change("prices", "c", 0, after=OFFER),
    ]
    for each in messages:
        each.body["source"] = {"connector": "db2", "ts_ms": COMMIT_MS}
    for order in permutations(messages):
        assert shown(list(order)) is not None and shown(list(order), "north") is not None


def test_a_hidden_row_is_hidden_whatever_its_other_columns_hold() -> None:
    adapt = debezium(columns(product_id="sku", title="name", visible="shown", attributes="extra"))
    row = {"sku": "lamp-7", "name": None, "shown": False, "extra": "{broken"}
    [event] = events(adapt, change("products", "u", 808, after=row))
    assert (event.op, event.product_id, event.facts) == ("patch", "lamp-7", {"title": None})
    with pytest.raises(InvalidEvent, match="is no JSON object"):
        events(adapt, change("products", "u", 808, after=row | {"shown": True}))
    del row["shown"]
    with pytest.raises(InvalidEvent, match="visible: the row has no column 'shown'"):
        events(adapt, change("products", "u", 808, after=row | {"extra": None}))


def test_a_whole_number_is_the_same_id_in_every_mode_of_decimals() -> None:
    adapt = debezium(columns(product_id="sku", title="name"))
    for number in (7, 7.0, "7"):
        [event] = events(adapt, change("products", "c", 1, after={"sku": number, "name": "Oak lamp"}))
        assert event.product_id == "7"


def test_no_bytes_are_no_price() -> None:
    with pytest.raises(InvalidEvent, match="is no decimal in bytes"):
        decimal_text("", 2)


@pytest.mark.parametrize("none", [None, ""])
def test_a_row_that_lost_its_price_is_no_offer(none: str | None) -> None:
    first, second = change("prices", "c", 1, after=OFFER), change("prices", "u", 2, after=OFFER | {"amount": none})
    for order in permutations([first, second]):
        assert shown(list(order), "north") is None


@pytest.mark.parametrize("scale", [-101, 101, 900_000])
def test_a_scale_that_no_price_has_is_refused(scale: int) -> None:
    with pytest.raises(InvalidEvent, match=f"price: the scale {scale} of a decimal"):
        adapted(change("prices", "c", 1, after=OFFER | {"amount": {"scale": scale, "value": "Yw=="}}))


LAST_MS = 253_402_300_799_999


@pytest.mark.parametrize(
    ("raw", "time_ms"),
    [
        ("infinity", LAST_MS),
        ("-infinity", 0),
        (-622_191_234, LAST_MS),
        (-625_821_272, 0),
        ("+292278994-08-16Z", LAST_MS),
        ("+292269055-12-02Z", 0),
        ("+294247-01-10T04:00:25.2Z", LAST_MS),
        ("-290308-12-21T19:59:27.6Z", 0),
        ("-4712-01-01T00:00:00.000000Z", 0),
        ("9999-12-31T23:59:59.999999Z", LAST_MS),
        ("9999-12-31T23:59:59-08:00", LAST_MS),
        (LAST_MS, LAST_MS),
        (LAST_MS * 1_000 + 999, LAST_MS),
        (-9_223_372_036_832_400_000, 0),
        ("0001-01-01", 0),
        (-719_162, 0),
        (-25_567, 0),
        (0, 0),
        (365, 365 * 86_400_000),
    ],
)
def test_a_sale_may_begin_or_end_at_the_ends_of_the_calendar(raw: object, time_ms: int) -> None:
    [event] = adapted(change("prices", "c", 1, after=OFFER | {"from_time": raw}))
    assert event.facts["sale_starts_at_ms"] == time_ms


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("io.debezium.time.MicroTimestamp", 9_223_372_036_825_200_000, "infinity"),
        ("io.debezium.time.MicroTimestamp", -9_223_372_036_832_400_000, "-infinity"),
        ("io.debezium.time.Timestamp", -1_000, "1969-12-31T23:59:59Z"),
        ("io.debezium.time.Date", -622_191_234, "infinity"),
        ("io.debezium.time.Date", -719_163, "-infinity"),
        ("io.debezium.time.Date", 2_147_483_647, "infinity"),
        ("io.debezium.time.Date", -25_567, "1900-01-01"),
    ],
)
def test_a_time_beyond_the_calendar_is_no_missing_time_with_a_schema_either(name: str, raw: int, text: str) -> None:
    read = reader({"name": name})
    assert read is not None and read(raw) == text


def test_a_row_without_a_json_object_has_the_attributes_of_its_columns() -> None:
    for none in (None, "", "null", "{}", "[]"):
        [event] = adapted(change("products", "c", 1, after=LAMP | {"extra": none}))
        assert {name: value for name, value in event.facts.items() if name.startswith("attributes")} == {
            "attributes/size": "L"
        }
    with pytest.raises(InvalidEvent, match=r"attributes: .* is no JSON object"):
        adapted(change("products", "c", 1, after=LAMP | {"extra": "[1]"}))


def test_texts_by_language_come_from_columns_of_their_own_or_from_one_of_type_json() -> None:
    by_columns = columns(product_id="sku", title__en="name", title__de="name_de")
    row = {"sku": "lamp-7", "name": "Lamp", "name_de": None}
    [event] = events(debezium(by_columns), change("products", "c", 1, after=row))
    assert event.facts == {"title/en": "Lamp"}
    [event] = events(debezium(by_columns), change("products", "c", 1, after=row | {"name_de": "Leuchte"}))
    assert event.facts == {"title/en": "Lamp", "title/de": "Leuchte"}
    [event] = adapted(change("products", "c", 1, after=LAMP | {"name": '{"en": "Lamp", "de": "Leuchte"}'}))
    assert (event.facts["title/en"], event.facts["title/de"]) == ("Lamp", "Leuchte")
    for text in ('{"a note": "x"}', '{"en": 5}', "{curly}", "{"):
        [event] = adapted(change("products", "c", 1, after=LAMP | {"name": text}))
        assert event.facts["title/und"] == text


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        ('["Home", "Lamps"]', ["Home", "Lamps"]),
        (["Home", "Lamps"], ["Home", "Lamps"]),
        ("Home > Lamps", ["Home", "Lamps"]),
        ("[New] > Lamps", ["[New]", "Lamps"]),
        ("[Sale]", ["[Sale]"]),
    ],
)
def test_the_levels_of_a_category_are_a_list_or_a_text(column: object, levels: list[str]) -> None:
    mapping = columns(product_id="sku", title="name", category="path")
    [event] = events(debezium(mapping), change("products", "c", 1, after=LAMP | {"path": column}))
    assert event.facts["category"] == levels


@pytest.mark.parametrize(
    ("column", "facts"),
    [
        ('{"en": "Sale", "de": "Angebot"}', {"promotion/en": "Sale", "promotion/de": "Angebot"}),
        ("2 for 1", {"promotion/und": "2 for 1"}),
        (20, {"promotion/und": "20"}),
    ],
)
def test_a_promotion_is_a_text_or_the_texts_by_language_in_a_column_of_type_json(
    column: object, facts: dict[str, str]
) -> None:
    mapping = PRICES | columns(promotion="slogan")
    [event] = events(debezium(mapping), change("prices", "c", 1, after=OFFER | {"slogan": column}))
    assert {name: value for name, value in event.facts.items() if name.startswith("promotion")} == facts


@pytest.mark.parametrize(
    ("stock", "word"), [("3", "in_stock"), ("3.000", "in_stock"), ("0.00", "out_of_stock"), ("0E-18", "out_of_stock")]
)
def test_a_count_in_decimals_says_whether_an_item_can_be_bought(stock: str, word: str) -> None:
    mapping = columns(product_id="sku", title="name", availability="stock")
    [event] = events(debezium(mapping), change("products", "c", 1, after=LAMP | {"stock": stock}))
    assert event.facts["availability"] == word


def test_a_delete_without_an_image_is_of_what_its_key_names() -> None:
    [event] = adapted(change("prices", "d", 1, key={"sku": "lamp-7", "shop_code": "north"}))
    assert (event.product_id, event.part, event.op) == ("lamp-7", "north", "delete")


def test_a_window_that_ends_before_it_begins_is_no_sale() -> None:
    mapping = PRICES | columns(sale_ends_at="to_time", promotion="slogan")
    window = {"reduced": "1.00", "from_time": TIME_MS, "to_time": TIME_MS, "slogan": None}
    [event] = events(debezium(mapping), change("prices", "c", 1, after=OFFER | window))
    assert event.facts == {"price": 23.45, "currency": "EUR"}
    [event] = events(debezium(mapping), change("prices", "u", 2, after=OFFER | window | {"slogan": LONG}))
    assert event.op == "patch"
    cleared = dict.fromkeys(("sale_price", "sale_starts_at_ms", "sale_ends_at_ms"))
    assert event.facts == {"price": 23.45, "currency": "EUR"} | cleared


@pytest.mark.parametrize("none", [None, ""])
def test_a_review_that_lost_its_rating_is_withdrawn(none: str | None) -> None:
    [event] = adapted(change("reviews", "u", 2, after={"id": 4, "sku": "lamp-7", "stars": none}))
    assert (event.op, event.product_id, event.part) == ("delete", "lamp-7", "4")


@pytest.mark.parametrize("raw", ["BOI=", "12.50"])
def test_a_scale_counts_for_columns_of_every_field(raw: str) -> None:
    size = Column(column="size", scale=2)
    mapping = columns(product_id=Column(column="id", scale=0), title="name", availability=size, attributes__size=size)
    row = {"id": "BOI=", "name": "Oak lamp", "size": raw}
    [event] = events(debezium(mapping), change("products", "c", 1, after=row))
    assert event.product_id == "1250"
    assert (event.facts["availability"], event.facts["attributes/size"]) == ("in_stock", "12.50")


def test_a_decimal_that_its_schema_has_read_is_not_read_by_a_scale_again() -> None:
    decimal = {"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal", "parameters": {"scale": "0"}}
    fields = [{"type": "string", "field": "name"}, *(decimal | {"field": name} for name in ("id", "shown"))]
    body = {
        "schema": {"fields": [{"field": "after", "fields": fields}]},
        "payload": change("products", "c", 1, after={"id": "BOI=", "name": "Oak lamp", "shown": "AA=="}).body,
    }
    mapping = columns(product_id=Column(column="id", scale=0), title="name", visible="shown")
    hide, _ = events(debezium(mapping), message("products", body))
    assert (hide.product_id, hide.facts) == ("1250", {"title": None})


@pytest.mark.parametrize("is_first", [True, False])
def test_columns_of_a_text_and_of_its_languages_are_joined_or_refused_in_any_order(is_first: bool) -> None:
    def facts(title: Any) -> dict[str, Any]:
        columns = {"title": title, "title.de": "Teppich"}
        row = {"product_id": "r"} | (columns if is_first else dict(reversed(columns.items())))
        [event] = events(debezium(None), change("products", "c", 1, after=row))
        return event.facts

    assert facts(None) == {"title/de": "Teppich"}
    assert facts('{"en": "Rug"}') == {"title/en": "Rug", "title/de": "Teppich"}
    with pytest.raises(InvalidEvent, match="title: has a column of its own and others for its parts"):
        facts("Rug")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"name": "org.apache.kafka.connect.data.Decimal"}, "CSk="),
        ({"name": "org.apache.kafka.connect.data.Decimal", "parameters": {"scale": "x"}}, "CSk="),
        ({"name": "org.apache.kafka.connect.data.Decimal", "parameters": {"scale": 1.5}}, "CSk="),
        ({"name": ["x"]}, {"scale": "two", "value": "CSk="}),
        ({}, {"scale": 2, "value": 5}),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused_by_its_field(schema: dict[str, Any], value: Any) -> None:
    columns = [{"field": "price", **schema}]
    row = {"product_id": "r", "price": value, "currency": "EUR"}
    given = {"schema": {"fields": [{"field": "after", "fields": columns}]}}
    envelope = change("prices", "c", 1, after=row)
    with pytest.raises(InvalidEvent, match=r"price: .* is not of the type that its schema says"):
        events(debezium(None), envelope._replace(body=given | {"payload": envelope.body}))


@pytest.mark.parametrize("lsn", [2**63, "9223372036854775808"])
def test_a_position_of_more_bits_than_logs_have_is_refused_by_its_name(lsn: Any) -> None:
    with pytest.raises(InvalidEvent, match="source: the position 9223372036854775808 has not 63 bits"):
        adapted(change("products", "u", lsn, after=LAMP))


@pytest.mark.parametrize(("bits", "op"), [("AA==", "patch"), ("AAA=", "patch"), ("AQ==", "upsert"), ("A", "upsert")])
def test_a_column_of_bits_hides_a_product_where_none_is_set(bits: str, op: str) -> None:
    """The connector of MySQL writes a `bit(8)` in base64."""
    assert adapted(change("products", "u", 5, after=LAMP | {"active": bits}))[0].op == op


@pytest.mark.parametrize("value", [[], {}, ["x"], {"x": 5}])
def test_a_column_that_says_nothing_of_being_shown_is_refused(value: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"visible: .* is neither a truth value nor a number nor a word"):
        adapted(change("products", "u", 5, after=LAMP | {"active": value}))
