from __future__ import annotations

import struct
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from schemas.event_fields import language_tag
from schemas.event_numbers import milliseconds
from schemas.events import AHEAD_MS_MAX, EVENT_BYTES_MAX, RECORD_AHEAD_MS_MAX, Event, parse
from schemas.items import NO_REVIEWS, SHOP, ItemRecord, ItemState
from schemas.stamps import UNVERSIONED
from schemas.state_codec import encode_item
from tests.support.item_records import decode_item
from workers.state.fold import fold
from workers.state.projection import content

ARRIVED_MS = 1_700_000_000_000


def taken(topic: str, value: bytes | dict[str, Any] | None, key: bytes | None = b"a", **times: int) -> Event:
    body = orjson.dumps({"product_id": "a"} | value) if isinstance(value, dict) else value
    return parse(topic, key, body, arrived_at_ms=ARRIVED_MS, event_time_ms=times.get("event_time_ms"))


PRICE = {"price": 1, "currency": "HKD"}
NESTED = b'{"product_id":"a","title":"x","deep":' + b"[" * 300 + b"]" * 300 + b"}"
SOLD = {"title": "x", "availability": "out_of_stock"}
REVIEW = {"review_id": "r", "rating": 5}

ODD_DECIMALS = (
    "1_299",
    "1__0",
    "\u0663\u0665",
    "\uff11\uff12.5",
    " 5 ",
    "19.99\n",
    "+5",
    "1e3",
    ".5",
    "5.",
    "1,5",
    "0x1",
)
ODD_TIMES = (
    "2026-01-31T10Z", "2026-01-31T10:00Z", "2026-01-31", "20260131T100000Z", "2026-W05-1T10:00:00Z",
    "2026-01-31T10:00:00+0800", "2026-01-31T24:00:01Z", "2026-01-31T10:00:00+25:00", "\u0662026-01-31T10:00:00Z",
)  # fmt: skip
STRUCTURED_KEYS = (b'{"id":77}', b'{"product_id":"a"}', b' {"id": 77}', b'["a"]', b'"a"', b"Struct{id=77}")
KEYS_IN_BYTES = (b"a\0", b"\0\0\0\x4d", b"\x12\x34\x56\x78", b"\x0477", b"\x08products:77")
"""Numbers of Kafka's serializers, and texts as Avro writes them."""
REFUSED: list[tuple[str, bytes | None, bytes | dict[str, Any] | None, str]] = [
    # topic, key, value, what the reason names
    ("products", b"x", b"{not json", "not JSON"),
    ("products", b"x", b"[1,2]", "not an object"),
    ("products", b"x", b"null", "the null of JSON and no tombstone: send op delete"),
    ("products", b"a", b"\xff\xfe\x00", "byte 0 is 0xff"),
    (
        "products",
        b"a",
        b'{"product_id":"a","title":"\xff"}',
        """its byte 27 is 0xff, after '{"product_id":"a","title":"':""",
    ),
    ("products", b"a", b'{"product_id":"a","title":"x\\u0000y"}', "NUL"),
    *(("products", key, None, "a number or a structure in bytes") for key in KEYS_IN_BYTES),
    ("products", b"a", b'{"product_id":"a","title":"x\0y"}', "not JSON"),
    ("products", b"a", b'{"product_id":"a","title":"\\ud800"}', "not JSON"),
    ("prices", b"a", b'{"product_id":"b","price":1,"currency":"HKD"}', "differs from the key 'a'"),
    ("prices", b"\xff", {**PRICE}, r"differs from the key b'\xff', which is not UTF-8"),
    ("prices", b"a", b'{"product_id":"a","price":NaN,"currency":"HKD"}', """near '{"product_id":"a","price":NaN,"""),
    ("prices", b"a", {**PRICE, "price": "NaN"}, "price: 'NaN' is no decimal"),
    ("prices", b"a", {**PRICE, "price": "Infinity"}, "is no decimal"),
    ("prices", b"a", b'{"product_id":"a","price":1e999,"currency":"HKD"}', "not JSON"),
    ("prices", b"a", {**PRICE, "price": -1}, "price: -1 is negative"),
    ("prices", b"a", {**PRICE, "price": "-0.01"}, "price: -0.01 is negative"),
    ("prices", b"a", {**PRICE, "price": "-0"}, "price: -0 is negative"),
    ("prices", b"a", b'{"product_id":"a","price":' + b"9" * 40 + b',"currency":"HKD"}', "too great"),
    ("prices", b"a", {**PRICE, "price": "1." + "1" * 39}, "too many decimals"),
    ("prices", b"a", {**PRICE, "price": "1e999999999"}, "is no decimal"),
    ("prices", b"a", {**PRICE, "price": "cheap"}, "price: 'cheap' is no decimal"),
    ("prices", b"a", {**PRICE, "price": True}, "price: must be a decimal"),
    ("prices", b"a", {**PRICE, "price": [1]}, "price: must be a decimal"),
    ("prices", b"a", {**PRICE, "sale_price": -1}, "sale_price: -1 is negative"),
    ("prices", b"a", {**PRICE, "currency": "XXQ"}, "currency: 'XXQ' is not a currency"),
    ("prices", b"a", {**PRICE, "currency": "hkd"}, "currency"),
    ("prices", b"a", {"currency": "HKD"}, "price: is missing"),
    ("prices", b"a", {"price": 1}, "currency: is missing"),
    ("prices", b"a", {**PRICE, "seller": "s" * 65}, "seller: takes 65 bytes"),
    ("prices", b"a", {**PRICE, "sale_starts_at": ARRIVED_MS, "sale_ends_at": ARRIVED_MS}, "sale_ends_at: is not after"),
    ("prices", b"a", b"", "empty"),
    ("prices", b"a", None, "null"),
    ("products", b"a", b"", "empty"),
    ("products", None, None, "product_id: is empty"),
    ("products", b"\xff", None, "key: is not UTF-8"),
    ("products", b"a", b'"text"', "not an object"),
    ("products", b"a", {}, "title: is missing"),
    ("products", b"a", {"title": ""}, "title: is missing or empty"),
    ("products", b"a", {"title": {"en": " "}}, "title: is missing or empty"),
    ("products", b"a", {"title": 5}, "title: must be text"),
    ("products", b"a", {"title": {"english language": "x"}}, "title: 'english language' is no language tag"),
    ("products", b"a", {"title": {"en": 5}}, "title: the text of en"),
    ("products", b"a", {"title": "x", "category": "Cakes"}, "category: must be a list"),
    ("products", b"a", {"title": "x", "availability": "maybe"}, "availability: must be 'in_stock'"),
    *(("prices", b"a", {**PRICE, "price": text}, "is no decimal") for text in ODD_DECIMALS),
    *(("reviews", b"a", {**REVIEW, "rating": text}, "is no decimal") for text in ("5_0e-1", "\u0664", "4,5")),
    ("prices", b"a", {**PRICE, "price": "999999999999.999999"}, "too great to be held"),
    *(("products", b"a", {"title": "x", "updated_at": text}, "is no RFC 3339 time") for text in ODD_TIMES),
    ("products", b"a", {"title": "x", "__deleted": "true", "__op": "d"}, "marked as deleted"),
    ("prices", b"a", {**PRICE, "__deleted": True}, "marked as deleted"),
    ("reviews", b"a", {**REVIEW, "__op": "d"}, "marked as deleted"),
    ("products", b"a", {"title": "x", "_deleted": True}, "marked as deleted"),
    ("products", b"a", {"title": "x", "_fivetran_deleted": "true"}, "marked as deleted"),
    ("products", b"a", {"title": "x", "_ab_cdc_deleted_at": "2026-11-10T08:00:00Z"}, "marked as deleted"),
    ("products", b"a", {"title": "x", "data": "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="}, "was not sent"),
    ("products", b"a", {"title": "x", "description": "__debezium_unavailable_value"}, "was not sent"),
    *(("products", key, None, "is not the product_id alone") for key in STRUCTURED_KEYS),
    ("products", b"\0\0\0\0\7\x0877", None, "framed for a schema registry"),
    ("products", b"a", {"title": " \u200b\ufeff"}, "title: is missing or empty"),
    ("products", b"a", {"product_id": " \u2060 ", "title": "x"}, "product_id: is empty"),
    ("products", b"a", {"title": ""}, "title: is missing or empty"),
    ("prices", b"a", {"price": "", "currency": "EUR"}, "price: is missing"),
    ("reviews", b"a", {"review_id": "", "rating": 5}, "review_id: is empty"),
    ("products", b"a", {"title": "x", "availability": "maybe"}, "availability: must be 'in_stock'"),
    ("products", b"a", {"title": "x", "op": "replace"}, "op: must be"),
    ("products", b"a", {"title": "x", "version": -1}, "version: must be at least 0"),
    ("products", b"a", {"title": "x", "version": "1.0"}, "version: must be an integer"),
    ("products", b"a", {"title": "x", "version": True}, "version: must be an integer"),
    ("products", b"a", {"title": "x", "version": str(2**64)}, "version: must be at most"),
    ("products", b"a", {"title": "x", "version": 2.0**70}, "version: must be at most 18446744073709551615"),
    ("products", b"a", {"title": "x", "version": -(2.0**70)}, "version: must be at least 0"),
    ("products", b"a", {"title": "x", "version": 1.5}, "version: must be an integer"),
    ("products", b"a", {"title": "x", "updated_at": ARRIVED_MS + AHEAD_MS_MAX + 1}, "more than 24 hours after"),
    ("products", b"a", {"title": "x", "updated_at": "2026-01-01T00:00:00"}, "no offset"),
    ("products", b"a", {"title": "x", "updated_at": "yesterday"}, "updated_at: 'yesterday' is no RFC 3339 time"),
    ("products", b"a", {"title": "x", "updated_at": 1.5}, "updated_at: must be an RFC 3339 time"),
    ("products", b"a", {"title": {"en": "x", "EN": "y"}}, "title: has the language en twice"),
    ("products", b"a", {"title": {f"en-x-{n}": "x" for n in range(257)}}, "title: has 257 languages: at most 256"),
    ("prices", b"a", {**PRICE, "promotion": {f"en-x-{n}": "x" for n in range(33)}}, "has 33 languages: at most 32"),
    ("products", b"a", {"title": "x", **{f"a{n}": n for n in range(257)}}, "attributes: are 257: at most 256"),
    ("products", b"a", {"title": "x", "updated_at": -1}, "1970"),
    ("products", b"a", {"title": "x", "updated_at": 1_795_941_000}, "updated_at: 1795941000 looks like seconds"),
    ("products", b"a", {"title": "x", "updated_at": 10**11 - 1}, "looks like seconds"),
    ("products", b"a", {"title": "x", "updated_at": 0}, "looks like seconds"),
    ("products", b"a", {"title": "x", "updated_at": "1795941000"}, "is no RFC 3339 time"),
    ("products", b"a", {"title": "x", "updated_at": "0001795941000"}, "is no RFC 3339 time"),
    ("products", b"a", {"title": "x", "updated_at": 202611300800}, "looks like a date without signs"),
    *(
        ("prices", b"a", {**PRICE, "sale_ends_at": at}, "looks like a date without signs")
        for at in (20261130080000, 20261130080000.0, 19991231235959)
    ),
    ("products", b"a", {"title": "x", "updated_at": "1970-01-21T18:53:10.000Z"}, "as seconds do"),
    (
        "prices",
        b"a",
        {**PRICE, "sale_ends_at": "1970-01-21T18:53:10.000Z"},
        "sale_ends_at: 1970-01-21T18:53:10.000Z lies",
    ),
    ("prices", b"a", {**PRICE, "sale_starts_at": 1_795_937_400}, "sale_starts_at: 1795937400 looks like seconds"),
    ("prices", b"a", {**PRICE, "sale_ends_at": 1_795_937_400}, "sale_ends_at: 1795937400 looks like seconds"),
    ("products", b"a", {"title": "x", "updated_at": 1e300}, "is outside the years"),
    ("products", b"a", {"title": "x", "updated_at": ARRIVED_MS * 1_000}, "1700000000000000 is outside the years"),
    ("products", b"a", NESTED, "nested"),
    ("products", b"a", {"title": "x", "description": "x" * 5_000_000}, "at most 1048576"),
    ("products", b"a", {"product_id": "é" * 200, "title": "x"}, "product_id: takes 400 bytes"),
    ("reviews", b"a", {**REVIEW, "rating": 6}, "rating: 6 is outside 1 to 5"),
    ("reviews", b"a", {**REVIEW, "rating": "good"}, "rating: 'good' is no decimal: send one like \"4.5\""),
    ("reviews", b"a", {**REVIEW, "rating": [4]}, 'rating: must be a decimal, as a number or as text like "4.5"'),
    ("reviews", b"a", {**REVIEW, "rating": 0}, "rating: 0 is outside"),
    ("reviews", b"a", {"review_id": "r"}, "rating: is missing"),
    ("reviews", b"a", {"rating": 5}, "review_id: is missing"),
    ("reviews", b"a", {**REVIEW, "review_id": ""}, "review_id: is empty"),
    ("reviews", b"a", b'{"review_id":"r","rating":5}', "product_id: is missing"),
    ("reviews", b"a", None, "null"),
]


@pytest.mark.parametrize(("topic", "key", "value", "reason"), REFUSED, ids=lambda x: str(x)[:40])
def test_bad_input_is_refused_with_a_reason_to_act_on(topic: str, key: bytes, value: Any, reason: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        taken(topic, value, key)
    sentence = str(refused.value)
    assert reason in sentence
    assert len(sentence) < 250
    assert "\n" not in sentence and "pydantic" not in sentence


@given(
    topic=st.sampled_from(["products", "prices", "reviews"]), key=st.none() | st.binary(), value=st.none() | st.binary()
)
def test_no_bytes_bring_parsing_down(topic: str, key: bytes | None, value: bytes | None) -> None:
    with pytest.raises(InvalidEvent):
        taken(topic, value, key)
        raise InvalidEvent("bytes that happen to be an event")


scalars = st.sampled_from([None, True, "", "a", "\0", "é", "1e9"]) | st.integers() | st.floats()
json_values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.sampled_from(["en", "", "x y"]), scalars)
FIELDS = (
    "op updated_at version title price currency seller review_id rating sale_ends_at promotion category attributes x"
)


@given(
    st.sampled_from(["products", "prices", "reviews"]), st.dictionaries(st.sampled_from(FIELDS.split()), json_values)
)
def test_no_json_brings_parsing_down(topic: str, body: dict[str, Any]) -> None:
    try:
        value = orjson.dumps({"product_id": "a"} | body)
    except TypeError:  # integers of more than 64 bits
        return
    try:
        assert taken(topic, value).product_id == "a"
    except InvalidEvent as refused:
        assert ": " in str(refused) or "NUL" in str(refused)


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("19.99", 19.99),
        (19.990000000000002, 19.99),
        (19.989999771118164, 19.99),
        (0.10000000149011612, 0.1),
        (0, 0.0),
        ("0.000001", 0.000001),
        (-0.0, 0.0),
        ("999999999999", 1e12 - 1),
    ],
)
def test_prices_come_as_strings_or_numbers(sent: object, held: float) -> None:
    price = taken("prices", {**PRICE, "price": sent}).facts["price"]
    assert (price, str(price)) == (held, str(held))


@given(st.decimals(0, 10**9, places=6))
def test_a_price_is_held_as_it_was_sent(price: Decimal) -> None:
    held = taken("prices", {**PRICE, "price": str(price)}).facts["price"]
    assert round(Decimal(held), 6) == price


def test_ratings_are_held_in_hundredths() -> None:
    assert [taken("reviews", {**REVIEW, "rating": r}).facts["rating"] for r in (1, 4.5, "3.25")] == [100, 450, 325]


def test_a_null_record_delists_its_key_at_the_time_of_the_record() -> None:
    event = taken("products", None, b"b")
    assert (event.op, event.product_id, event.facts) == ("delete", "b", {})
    assert event.stamp[:2] == (UNVERSIONED, ARRIVED_MS)
    assert taken("products", None, event_time_ms=ARRIVED_MS - 5).stamp.updated_at_ms == ARRIVED_MS - 5


def test_without_updated_at_the_header_counts_then_the_record() -> None:
    at_ms = ARRIVED_MS - 7
    assert taken("products", {"title": "x"}, event_time_ms=at_ms).stamp.updated_at_ms == at_ms
    assert taken("products", {"title": "x"}).stamp.updated_at_ms == ARRIVED_MS
    assert (
        taken("products", {"title": "x", "updated_at": at_ms - 1}, event_time_ms=at_ms).stamp.updated_at_ms == at_ms - 1
    )


def test_a_whole_number_is_one_as_json_schema_has_it_also_with_a_point() -> None:
    told = taken("products", {"title": "x", "updated_at": 1666474882050.0, "version": 7.0}).stamp
    assert told == taken("products", {"title": "x", "updated_at": 1666474882050, "version": 7}).stamp
    for field, value in (("updated_at", 1666474882.5), ("version", 7.5), ("updated_at", 1666474882.0)):
        with pytest.raises(InvalidEvent, match=f"^{field}: "):
            taken("products", {"title": "x", field: value})


def test_times_with_an_offset_and_milliseconds_mean_the_same() -> None:
    times = ("2022-10-23T05:41:22.050+08:00", "2022-10-22T21:41:22.050Z", 1666474882050, "1666474882050")
    assert {taken("products", {"title": "x", "updated_at": t}).stamp for t in times} == {
        taken("products", {"title": "x", "updated_at": 1666474882050}).stamp
    }


def test_a_record_without_a_key_is_taken() -> None:
    assert taken("prices", PRICE, key=None).product_id == "a"


def test_an_offer_without_a_seller_is_the_shops_own() -> None:
    assert taken("prices", PRICE).part == taken("prices", {**PRICE, "seller": ""}).part == SHOP


def test_the_keys_of_texts_and_attributes_are_one_object_in_all_items() -> None:
    body = {"product_id": "a", "title": {"en": "Cake"}, "description": "Sweet", "attributes": {"colour": "red"}}
    one, other = (taken("products", body).facts for _ in range(2))
    assert [id(key) for key in one if "/" in key] == [id(key) for key in other if "/" in key]


def test_unknown_fields_become_attributes() -> None:
    event = taken("products", {"title": "x", "colour": "red", "attributes": {"size": 4}, "none": None})
    assert event.facts == {"title/und": "x", "attributes/size": 4, "attributes/colour": "red"}
    assert taken("prices", {**PRICE, "colour": "red"}).facts == {"price": 1.0, "currency": "HKD"}


def test_a_patch_clears_with_null_and_leaves_what_is_absent() -> None:
    body = {"op": "patch", "title": None, "description": "text", "promotion": None, "brand": None, "attributes": None}
    assert taken("products", body).facts == {
        "title": None,
        "description": None,
        "description/und": "text",
        "attributes/promotion": None,
        "brand": None,
        "attributes": None,
    }
    assert taken("products", {"op": "patch", "title": {"en": None}}).facts == {"title/en": None}


def test_a_long_description_is_cut_and_marked() -> None:
    text = taken("products", {"title": "x", "description": "蛋糕 " * 30_000}).facts["description/und"]
    assert text.endswith("…")
    assert 16_000 < len(text.encode()) <= 16 * 1024


def test_an_event_of_just_the_greatest_size_is_taken() -> None:
    frame = len(orjson.dumps({"product_id": "a", "title": "x", "description": ""}))
    body = {"title": "x", "description": "d" * (EVENT_BYTES_MAX - frame)}
    assert taken("products", body).facts["title/und"] == "x"
    with pytest.raises(InvalidEvent, match="at most"):
        taken("products", body | {"description": body["description"] + "d"})


def test_the_digest_is_that_of_the_meaning_not_of_the_bytes() -> None:
    one = taken("prices", b'{"product_id":"a","price":1.0,"currency":"HKD","updated_at":1700000000005}')
    other = taken(
        "prices", b'{"updated_at":1700000000005, "currency":"HKD", "price":"1.00", "product_id":"a", "seller":"shop"}'
    )
    assert one == other
    assert one.stamp != taken("prices", {**PRICE, "price": 2, "updated_at": ARRIVED_MS + 5}).stamp
    assert len(one.stamp.digest) == 11


@pytest.mark.parametrize("value", [None, {"title": "x"}], ids=["null", "upsert"])
@pytest.mark.parametrize(
    ("time_ms", "reason"),
    [
        (ARRIVED_MS * 1_000, "the time of the record, 1700000000000000, lies more than 5 minutes after its arrival"),
        (ARRIVED_MS * 1_000_000, "lies more than 5 minutes"),
        (ARRIVED_MS + RECORD_AHEAD_MS_MAX + 1, "the time of the record, 2023-11-14T22:18:20.001Z, lies more than"),
        (ARRIVED_MS // 1_000, "looks like seconds"),
        (0, "looks like seconds"),
    ],
)
def test_a_record_from_a_wrong_clock_is_refused_where_its_time_would_count(
    value: dict[str, Any] | None, time_ms: int, reason: str
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        taken("products", value, event_time_ms=time_ms)
    assert reason in str(refused.value)


@given(st.integers(min_value=-1))
def test_the_time_of_a_record_does_not_matter_where_the_body_has_one(time_ms: int) -> None:
    event = taken("prices", PRICE | {"updated_at": ARRIVED_MS}, event_time_ms=time_ms)
    assert event.stamp.updated_at_ms == ARRIVED_MS


@given(st.integers(min_value=-1), st.sampled_from(["products", "prices", "reviews"]))
def test_no_event_has_a_time_after_its_arrival_by_more_than_clocks_differ(time_ms: int, topic: str) -> None:
    bodies: dict[str, dict[str, Any]] = {"products": {"title": "x"}, "prices": PRICE, "reviews": REVIEW}
    try:
        event = taken(topic, bodies[topic], event_time_ms=time_ms)
    except InvalidEvent:
        return
    assert event.stamp.updated_at_ms <= ARRIVED_MS + RECORD_AHEAD_MS_MAX


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("EN", "en"), ("en_US", "en-US"), ("EN-us", "en-US"), ("ZH-HANT-hk", "zh-Hant-HK"), ("zh_Hant", "zh-Hant"),
        ("SL-ROZAJ-biske", "sl-rozaj-biske"), ("en-X-US", "en-x-us"), ("es-419", "es-419"), ("de-1901", "de-1901"),
    ],
)  # fmt: skip
def test_a_language_has_one_tag_however_its_letters_are_sent(sent: str, kept: str) -> None:
    assert language_tag(sent) == kept == language_tag(kept)
    assert taken("products", {"title": {sent: "x"}}).facts == {f"title/{kept}": "x"}


def test_long_attribute_names_that_begin_alike_stay_apart() -> None:
    names = ["temperature of storage (ambient, " + "so to say, " * 20 + end for end in ("min)", "max)")]
    facts = taken("products", {"title": "x", "attributes": {names[0]: 1, names[1]: 2}}).facts
    kept = [name for name in facts if name.startswith("attributes/")]
    assert sorted(facts[name] for name in kept) == [1, 2]
    assert all(len(name.encode()) <= len("attributes/") + 128 for name in kept)


def test_the_24_languages_of_the_european_union_are_kept_whole() -> None:
    tags = [*"bg cs da de el en es et fi fr ga hr".split(), *"hu it lt lv mt nl pl pt ro sk sl sv".split()]  # noqa: SIM905
    title = {tag: f"A title of some forty characters in {tag}" for tag in tags}
    state = fold(ItemState("a"), taken("products", {"title": title}))
    shown = content(state, NO_REVIEWS, partition=0, now_ms=0, shop_currency=None)
    assert shown["title"] == title
    assert shown["left_out"] == []


@pytest.mark.parametrize(
    ("topic", "body", "same"),
    [
        ("prices", {**PRICE, "sale_price": ""}, PRICE),
        ("prices", {**PRICE, "sale_starts_at": "", "sale_ends_at": " ", "seller": "", "promotion": ""}, PRICE),
        ("prices", {**PRICE, "version": "", "updated_at": "", "op": ""}, PRICE),
        ("prices", {**PRICE, "sale_price": "\t\n", "sale_starts_at": "\u00a0", "promotion": "\u200b"}, PRICE),
        ("prices", {**PRICE, "sale_ends_at": "\u3000", "seller": "\u2060", "version": "\r", "op": "\t"}, PRICE),
        ("products", {"title": "x", "category": "\u200b", "availability": "\t", "attributes": "\n"}, {"title": "x"}),
        ("products", {"title": "x", "link": ["https://x"], "image_link": {"src": "https://x"}}, {"title": "x"}),
        ("products", {"title": "x", "cafe\u0301": 1}, {"title": "x", "caf\u00e9": 1}),
        ("products", {"title": "x", "availability": "", "brand": "", "category": "", "colour": ""}, {"title": "x"}),
        ("products", {"title": "x", "category": ["\u200b", " ", "A"]}, {"title": "x", "category": ["A"]}),
        ("products", {"title": "x", "attributes": [], "description": []}, {"title": "x"}),
        ("products", {"title": "x", "_deleted": False, "_sdc_deleted_at": None}, {"title": "x", "_deleted": False}),
        ("products", {"title": "x", "gtin": "4006381333931.0"}, {"title": "x", "gtin": "4006381333931"}),
        ("products", {**SOLD, "availability": "https://schema.org/SoldOut/"}, SOLD),
        ("prices", {**PRICE, "currency": "HKD  "}, PRICE),
        ("prices", {**PRICE, "price": "0000000000000001"}, PRICE),
        ("products", {"title": "x", "availability": "in stock"}, {"title": "x", "availability": "in_stock"}),
        ("products", {**SOLD, "availability": "http://schema.org/OutOfStock"}, SOLD),
        ("products", {**SOLD, "availability": "https://schema.org/SoldOut"}, SOLD),
        ("products", {**SOLD, "availability": "Discontinued"}, SOLD),
        ("products", {**SOLD, "availability": False}, SOLD),
        ("products", {"title": "x", "availability": True}, {"title": "x", "availability": "in_stock"}),
        ("products", {"title": "x", "availability": "limited availability"}, {"title": "x", "availability": "InStock"}),
        ("products", {"title": "x", "availability": "pre-order"}, {"title": "x", "availability": "preorder"}),
        ("products", {"title": "x", "__op": "u", "__deleted": "false", "__source_ts_ms": 5}, {"title": "x"}),
        ("products", {"title": "x", "image_link": "https://x/" + "s" * 9_000}, {"title": "x"}),
        ("products", {"title": "x", "gtin": 4006381333931}, {"title": "x", "gtin": "4006381333931"}),
        ("products", {"title": "x", "version": "18446744073709551615"}, {"title": "x", "version": 2**64 - 1}),
        ("products", {"title": "Schrau\u00adben\u200bzieher\ufeff"}, {"title": "Schraubenzieher"}),
        ("prices", {**PRICE, "updated_at": "2023-11-14t22:00:00z"}, {**PRICE, "updated_at": 1_699_999_200_000}),
        ("prices", {**PRICE, "updated_at": "2016-12-31T23:59:60Z"}, {**PRICE, "updated_at": 1_483_228_800_000}),
        ("reviews", {**REVIEW, "reviewer_id": 12345, "verified_purchase": 1, "content": {"a": 1}, "title": []}, REVIEW),
        ("reviews", {**REVIEW, "rating": 4.333}, {**REVIEW, "rating": 4.33}),
        ("reviews", {**REVIEW, "rating": "4.3350"}, {**REVIEW, "rating": 4.34}),
        ("reviews", {**REVIEW, "review_id": " r\u200b "}, REVIEW),
        ("prices", {**PRICE, "price": "1.230000000000"}, {**PRICE, "price": 1.23}),
    ],
)  # fmt: skip
def test_what_says_nothing_or_the_same_in_other_words_changes_nothing(
    topic: str, body: dict[str, Any], same: dict[str, Any]
) -> None:
    assert taken(topic, body) == taken(topic, same)


def test_an_empty_text_clears_in_a_patch_as_null_does() -> None:
    assert taken("prices", {"op": "patch", "sale_price": ""}).facts == {"sale_price": None}
    for empty in ("", " ", "\u200e", "\u2066\u2069"):
        for said in ({"colour": empty}, {"attributes": {"colour": empty}}):
            assert taken("products", {"op": "patch", **said}).facts == {"attributes/colour": None}
            assert taken("products", {"title": "x", **said}).facts == {"title/und": "x"}


@pytest.mark.parametrize("title", ["\u200e", "\u2066 \u2069", {"en": "\u200f"}, "\ufe0f"])
@pytest.mark.parametrize("beside", [{}, {"brand": ""}])
def test_a_title_that_nobody_sees_is_none(title: Any, beside: dict[str, str]) -> None:
    with pytest.raises(InvalidEvent, match="title: is missing or empty"):
        taken("products", {"title": title, **beside})
    assert taken("products", {"title": "\u200eLamp\ufe0f", **beside}).facts == {"title/und": "\u200eLamp\ufe0f"}


@given(st.sampled_from(["a", "caf\u00e9-1", "\u1100\u1161", "AB-1"]), st.sampled_from(["", " ", "\ufeff", "\u200b\n"]))
def test_ids_that_look_the_same_are_the_same(name: str, around: str) -> None:
    spelled = around + unicodedata.normalize("NFD", name) + around
    composed = unicodedata.normalize("NFC", name)
    for body in ({"product_id": spelled, "title": "x"}, None):
        for key in (spelled.encode(), composed.encode()):
            assert taken("products", body, key).product_id == composed


@given(st.decimals(0, 9_999, places=2))
def test_a_price_of_single_precision_is_the_one_that_was_meant(meant: Decimal) -> None:
    single = struct.unpack("f", struct.pack("f", float(meant)))[0]
    assert taken("prices", PRICE | {"price": single}).facts["price"] == float(meant)


@given(st.from_regex(r"[0-9]{1,11}(\.[0-9]{1,6})?", fullmatch=True))
def test_a_price_as_text_is_held_as_the_nearest_double(text: str) -> None:
    assert taken("prices", PRICE | {"price": text}).facts["price"] == float(Decimal(text))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_every_version_of_64_bits_orders(one: int, other: int) -> None:
    stamps = [taken("products", {"title": "x", "version": version}).stamp for version in (one, str(other))]
    assert (stamps[0] < stamps[1]) == (one < other) or one == other
    state = fold(ItemState("a"), taken("products", {"title": "x", "version": one}))
    assert decode_item(encode_item(ItemRecord("w", state, NO_REVIEWS, {}))).state == state


no_nul = st.characters(exclude_characters="\0", codec="utf-8")


json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(no_nul, max_size=8)
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(no_nul, max_size=2), inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(st.text(no_nul, max_size=4), json_values, max_size=5))
def test_no_attribute_has_a_number_that_an_index_cannot_hold(attributes: dict[str, Any]) -> None:
    for value in numbers_in(list(taken("products", {"title": "x", "attributes": attributes}).facts.values())):
        assert -(2**63) <= value < 2**63


def numbers_in(value: Any) -> list[int]:
    """Return the whole numbers in a value, at any depth."""
    if isinstance(value, (list, dict)):
        return [
            number for each in (value.values() if isinstance(value, dict) else value) for number in numbers_in(each)
        ]
    return [value] if type(value) is int else []


def test_a_number_in_a_list_that_an_index_cannot_hold_is_its_digits() -> None:
    said = {"ids": [2**63, 5], "by_name": {"a": 2**64 - 1}}
    facts = taken("products", {"title": "x", "attributes": said}).facts
    assert facts["attributes/ids"] == ["9223372036854775808", 5]
    assert facts["attributes/by_name"] == {"a": "18446744073709551615"}


def test_a_list_of_plain_values_stays_one_up_to_the_length_of_a_text() -> None:
    """A list that became its JSON text would be one value, by which nobody filters."""
    colours = [f"colour {number}" for number in range(60)]
    said = {"colours": colours, "long": colours * 3, "rows": [{"colour": each} for each in colours[:10]]}
    facts = taken("products", {"title": "x", "attributes": said}).facts
    assert facts["attributes/colours"] == colours
    assert isinstance(facts["attributes/long"], str) and isinstance(facts["attributes/rows"], str)


@pytest.mark.parametrize("junk", [{}, [5], "n/a", -1, "", None, "x" * 20_000])
def test_no_other_field_of_a_delete_keeps_what_is_to_go(junk: Any) -> None:
    identity = {"product_id": "a", "review_id": "r", "seller": "x", "op": "delete", "version": 7}
    others = (
        "title",
        "price",
        "currency",
        "sale_starts_at",
        "rating",
        "category",
        "gtin",
        "attributes",
        "availability",
    )
    for topic in ("products", "prices", "reviews"):
        with_junk = taken(topic, {**identity, **dict.fromkeys(others, junk)})
        assert with_junk == taken(topic, identity)
        assert (with_junk.op, with_junk.facts) == ("delete", {})


@pytest.mark.parametrize("absent", [None, "", " "])
def test_an_op_that_is_null_or_empty_is_an_upsert(absent: str | None) -> None:
    """Converters write null for a field that is absent."""
    assert taken("products", {"product_id": "a", "title": "x", "op": absent}).op == "upsert"


@pytest.mark.parametrize("mark", [True, "True", "true", 1, "1", "t", "yes", "Y"])
def test_a_row_that_is_marked_as_deleted_is_no_product(mark: Any) -> None:
    for name, value in (("__deleted", mark), ("__op", "d"), ("__op", "DELETE"), ("__op", "t")):
        with pytest.raises(InvalidEvent, match="marked as deleted"):
            taken("products", {"product_id": "a", "title": "x", name: value})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *(
            ("Available", "in_stock"),
            ("yes", "in_stock"),
            ("In Stock - ships in 2 days", "in_stock"),
            ("现货", "in_stock"),
        ),
        *(
            ("Auf Lager", "in_stock"),
            ("sofort lieferbar", "in_stock"),
            ("En stock", "in_stock"),
            ("low stock", "in_stock"),
        ),
        *(("In stock (3 left)", "in_stock"), ("in stock: 5", "in_stock"), ("disponible", "in_stock")),
        *(("unavailable", "out_of_stock"), ("Not available", "out_of_stock"), ("ausverkauft", "out_of_stock")),
        *(
            ("nicht lieferbar", "out_of_stock"),
            ("Épuisé", "out_of_stock"),
            ("缺货", "out_of_stock"),
            ("no", "out_of_stock"),
        ),
        *(("out of stock, back in May", "out_of_stock"), ("coming soon", "preorder"), ("special order", "backorder")),
        *(("0 in stock", "out_of_stock"), ("In stock (0)", "out_of_stock"), ("in stock - 0 left", "out_of_stock")),
        *(("in stock: 0.00", "out_of_stock"), ("現貨０", "out_of_stock"), ("Out of stock (0)", "out_of_stock")),
        *(("10 in stock", "in_stock"), ("In stock (1,000)", "in_stock"), ("In stock - over 50.00 free", "in_stock")),
        *(("//schema.org/InStock", "in_stock"), ("www.schema.org/OutOfStock", "out_of_stock")),
        *(("HTTP://SCHEMA.ORG/InStock", "in_stock"), ("Available: yes", "in_stock"), ("现货（3天发货）", "in_stock")),
        *(("schema:InStock", "in_stock"), ("OOS", "out_of_stock"), ("Available now", "in_stock")),
        *(("Only 2 left", "in_stock"), ("nur noch 2 auf Lager", "in_stock")),
        *(("op voorraad", "in_stock"), ("niet op voorraad", "out_of_stock"), ("på lager", "in_stock")),
        *(("Ikke på lager", "out_of_stock"), ("em estoque", "in_stock"), ("w magazynie", "in_stock")),
        *(("в наличии", "in_stock"), ("Нет в наличии", "out_of_stock"), ("품절", "out_of_stock")),
        *(("재고 있음", "in_stock"), ("在庫なし", "out_of_stock"), ("En rupture", "out_of_stock")),
        *(("Sold out - available from May", "out_of_stock"), ("Pre-order - available 3 May", "preorder")),
        *(("https://schema.org/Reserved", "out_of_stock"), ("Available on backorder", "backorder")),
        *(
            ("Derzeit nicht verfügbar", "out_of_stock"),
            ("bald verfügbar", "preorder"),
            ("Fuera de stock", "out_of_stock"),
        ),
        *(("Nedostupné", "out_of_stock"), ("Není skladem", "out_of_stock"), ("Raktáron", "in_stock")),
        *(("Stokta yok", "out_of_stock"), ("Stokta var", "in_stock"), ("Διαθέσιμο: ναι", "in_stock")),
        *(("Немає в наявності", "out_of_stock"), ("В наличност", "in_stock"), ("غير متوفر", "out_of_stock")),
        *(("אזל מהמלאי", "out_of_stock"), ("สินค้าหมด", "out_of_stock"), ("มีสินค้า", "in_stock")),
        *(("Hết hàng", "out_of_stock"), ("Còn hàng", "in_stock"), ("Tidak tersedia", "out_of_stock")),
        *(
            ("在庫切れ", "out_of_stock"),
            ("品切れ", "out_of_stock"),
            ("予約受付中", "preorder"),
            ("お取り寄せ", "backorder"),
        ),
    ],
)
def test_availability_is_understood_as_shops_say_it(said: str, meant: str) -> None:
    assert taken("products", {"title": "x", "availability": said}).facts["availability"] == meant


@pytest.mark.parametrize(
    "said",
    [
        *("maybe", "ask us", "1-2 days", "stock", "in stock/out of stock?", "/", "In stock: no", "Available: no"),
        *("Auf Lager: nein", "Available (sold out)", "Available - currently out of stock", "In stock / Out of stock"),
        *("In stock, not in the web shop", "disponible: non", "现货（缺货）", "In stock: n/a", "In stock - 0 days"),
        *("-3 in stock", "0 - in stock", "Out of stock: no", "Sold out / Available", "Pre-order (sold out)"),
        *("в наличии: нет", "в наличии - не сейчас", "w magazynie: brak", "재고 있음 (품절)", "在庫あり（無）"),
        *("på lager: ingen", "varastossa: ei", "em estoque: sem", "op voorraad: nee", "skladem: ne", "i lager: inga"),
        *(
            "Stokta (değil)",
            "Διαθέσιμο - όχι",
            "В наличност: няма",
            "متوفر: لا",
            "במלאי: לא",
            "มีสินค้า (หมด)",
            "Còn hàng: không",
        ),
        *("No - in stock", "In stock (on backorder)", "only 0 left", "In stock - " + "x" * 200),
    ],
)
def test_an_availability_that_nobody_can_know_is_refused(said: str) -> None:
    with pytest.raises(InvalidEvent, match="availability: must be"):
        taken("products", {"title": "x", "availability": said})


GONE: list[dict[str, Any]] = [
    {"_FIVETRAN_DELETED": True},
    {"_SDC_DELETED_AT": "2026-11-10T08:00:00Z"},
    {"_airbyte_deleted_at": 1_795_941_000},
    {"__hevo__marked_deleted": "1"},
    {"_PEERDB_IS_DELETED": 1},
    {"_change_type": "delete"},
    {"_change_type": "update_preimage"},
    {"METADATA$ACTION": "DELETE"},
    {"SYS_CHANGE_OPERATION": "D"},
    {"__$operation": 1},
    {"ROWKIND": "-D"},
    {"Op": "D"},
    {"op_type": "D"},
    {"_meta": {"op": "d"}},
    {"is_deleted": True},
    {"isDeleted": "true"},
    {"IsDeleted": 1},
    {"deleted": True},
    {"deleted_at": "2026-11-10 08:00:00"},
    {"deletedAt": 1_795_941_000_000},
    {"deleted_at": "05/11/2026 10:00"},
    {"deleted_at": "01.02.1970"},
    {"deleted_at": "2026-11-10T00:00:00+08:00"},
    {"deleted_at": "1795941000000000"},
    {"deleted_at": 20_767},
    {"deleted_at": True},
    {"deleted_at": "yesterday"},
    {"_isDeleted": 1},
    {"_cdc_tombstone": True},
    {"deletedAt": {"$date": "2026-11-10T08:00:00Z"}},
    {"deleted_at": {"$date": {"$numberLong": "1795941000000"}}},
    {"isDeleted": {"$numberInt": "1"}},
    {"_hoodie_is_deleted": True},
    {"_hoodie_operation": "D"},
    {"_metadata_deleted": True},
    {"_metadata_change_type": "DELETE"},
    {"__DORIS_DELETE_SIGN__": 1},
    {"__op": 1},
    {"_sign": -1},
    {"is_delete": 1},
    {"isDelete": True},
    {"del_flag": "1"},
    {"deleteFlag": "Y"},
]
"""The marks of Fivetran, Singer, Airbyte, Hevo, PeerDB, Delta Lake, Snowflake, SQL Server, Flink, AWS DMS, GoldenGate,
Estuary, MongoDB's JSON, Hudi, Datastream, Doris, StarRocks, ClickHouse, and of shops themselves."""


@pytest.mark.parametrize("mark", GONE, ids=str)
@pytest.mark.parametrize("topic", ["products", "prices"])
def test_a_row_that_any_pipeline_marks_as_deleted_is_refused_by_its_mark(topic: str, mark: dict[str, Any]) -> None:
    body = {"product_id": "a", "title": "x"} if topic == "products" else {"product_id": "a", **PRICE}
    with pytest.raises(InvalidEvent, match="marked as deleted by") as refused:
        taken(topic, body | mark)
    assert next(iter(mark)) in str(refused.value)


def test_a_mark_may_be_nested_as_deeply_as_it_likes() -> None:
    nested = b'{"$date":' * 1_000 + b"0" + b"}" * 1_000
    value = b'{"product_id":"a","price":1,"currency":"HKD","deletedAt":%b}'
    assert taken("prices", value % nested).op == "upsert"
    with pytest.raises(InvalidEvent, match="marked as deleted by deletedAt"):
        taken("prices", value % (b"[" * 1_000 + b"]" * 1_000))


@pytest.mark.parametrize("mark", [*GONE, {"__deleted": "true"}, {"_fivetran_deleted": True}], ids=str)
def test_a_delete_that_carries_a_mark_is_a_delete(mark: dict[str, Any]) -> None:
    assert taken("products", {"product_id": "a", "op": "delete"} | mark).op == "delete"


@pytest.mark.parametrize(
    "mark",
    [
        *({"is_deleted": False}, {"is_deleted": 0}, {"deleted_at": None}, {"deleted_at": ""}, {"Op": "I"}, {"Op": "U"}),
        *({"deleted_at": "0000-00-00 00:00:00"}, {"_sdc_deleted_at": "1970-01-01T00:00:00Z"}, {"__$operation": 4}),
        *(
            {"_change_type": "update_postimage"},
            {"_meta": {"op": "u"}},
            {"METADATA$ACTION": "INSERT"},
            {"ROWKIND": "+U"},
        ),
        *(
            {"deleted_at": said}
            for said in (" ", "infinity", "-infinity", "NaT", "n/a", "-", "never", "NULL", "0", "0.0", 0)
        ),
        *({"deleted_at": said} for said in ("9999-12-31T23:59:59Z", "9999-12-31 23:59:59.9999999", "12/31/9999")),
        *({"deleted_at": said} for said in ("1900-01-01", "1969-12-31T16:00:00-08:00", "1970-01-01 08:00:00+08")),
        *({"deleted_at": said} for said in ("0001-01-01T00:00:00", "00/00/0000", "1/1/1900 12:00:00 AM", "01.01.1970")),
        *(
            {"deleted_at": said}
            for said in (-62_135_596_800_000, 253_402_300_799_000, 253_402_300_799, 2**63 - 1, False)
        ),
        *({"deletedAt": {"$date": {"$numberLong": "0"}}}, {"deleted": {"$numberInt": "0"}}, {"deleted": {"a": 1}}),
        *({"deleted_at": []}, {"deletedAt": "253402300799000"}, {"_sdc_deleted_at": "1970-01-01 00:00:00 UTC"}),
        *({"_not_deleted": True}, {"_undeleted": 1}, {"_paint_removed": True}, {"_undeleted_at": "2026-11-10"}),
        *({"_airbyte_meta": {"changes": []}}, {"deleted_scenes": "yes"}, {"removed": True}, {"_op": 7}),
    ],
    ids=str,
)
def test_a_row_whose_mark_says_that_it_is_there_is_a_product(mark: dict[str, Any]) -> None:
    assert taken("products", {"product_id": "a", "title": "x"} | mark).op == "upsert"


@given(st.integers(100_000_000, 4_000_000_000), st.integers(0, 999_999_999))
def test_a_time_is_cut_to_its_millisecond_and_never_rounded_into_the_next(seconds: int, nanoseconds: int) -> None:
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert milliseconds(f"{whole}.{nanoseconds:09d}Z") == seconds * 1000 + nanoseconds // 1_000_000


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("0001-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00-08:00", 8 * 3_600_000),
        ("1971-01-01T00:00:00+05:45", 365 * 86_400_000 - 345 * 60_000),
        ("1969-12-31T23:59:59Z", 0),
        ("9999-12-31T23:59:59.9999999Z", 253_402_300_799_999),
        ("9999-12-31T23:59:59-08:00", 253_402_300_799_999),
    ],
)
def test_a_sale_may_begin_and_end_at_the_ends_of_the_calendar(text: str, time_ms: int) -> None:
    assert taken("prices", {**PRICE, "sale_starts_at": text}).facts["sale_starts_at_ms"] == time_ms
    with pytest.raises(InvalidEvent, match="sale_ends_at: -1 is outside the years"):
        taken("prices", {**PRICE, "sale_ends_at": -1})


def test_a_name_is_the_same_as_a_number_with_and_without_a_point() -> None:
    for name in ("gtin", "brand", "item_group_id"):
        assert taken("products", {"title": "x", name: 4006381333931.0}).facts[name] == "4006381333931"
        with pytest.raises(InvalidEvent, match=f"{name}: must be text"):
            taken("products", {"title": "x", name: 4.5})


@pytest.mark.parametrize(
    ("topic", "fields", "reason"),
    [
        ("products", {"availability": "maybe"}, "availability: must be .* or 'backorder', not 'maybe'$"),
        ("products", {"op": "D"}, "op: must be .*, not 'D'$"),
        ("products", {"version": "v2"}, "version: must be an integer, not 'v2'$"),
        ("products", {"category": "A > B"}, "category: must be a list, not 'A > B'$"),
        ("products", {"category": ["A", None]}, "category.1: must be text, not null$"),
        ("products", {"brand": {"name": "Kiln"}}, "brand: must be text, not an object$"),
        ("products", {"attributes": [1]}, "attributes: must be an object, not a list$"),
        ("products", {"product_id": None}, "product_id: must be text, not null$"),
        ("prices", {"seller": 5}, "seller: must be text, not a number$"),
        ("products", {"availability": "x" * 90}, "not 'x{40}\\.\\.\\.'$"),
    ],
)
def test_a_refusal_ends_with_the_value_that_was_given(topic: str, fields: dict[str, Any], reason: str) -> None:
    body = {"product_id": "a", "title": "x", "price": 1, "currency": "EUR", **fields}
    with pytest.raises(InvalidEvent, match=reason):
        parse(topic, None, orjson.dumps(body), arrived_at_ms=ARRIVED_MS, event_time_ms=None)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"scope": "store/product/updated", "data": {"id": 1}}, "data, scope"),
        ({"objectID": "1", "name": "Lamp"}, "name, objectID"),
    ],
)
def test_a_record_without_a_product_id_is_known_again_by_its_fields(body: dict[str, Any], names: str) -> None:
    reason = f"^product_id: is missing, there are only '{names}': add it, or configure the format of the record$"
    with pytest.raises(InvalidEvent, match=reason):
        parse("products", None, orjson.dumps(body), arrived_at_ms=ARRIVED_MS, event_time_ms=None)
    with pytest.raises(InvalidEvent, match=r"^product_id: is missing: add it$"):
        parse("products", None, b"{}", arrived_at_ms=ARRIVED_MS, event_time_ms=None)
