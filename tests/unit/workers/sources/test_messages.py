"""The parts that all adapters share: ids and flags as platforms write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from schemas.normal_form import ATTRIBUTE_BYTES_MAX
from schemas.texts import is_set
from tests.support.sources import columns, message
from workers.sources.debezium import debezium_unwrapped
from workers.sources.google_merchant import google_merchant
from workers.sources.magento import magento
from workers.sources.messages import first_values, id_of, in_one_line
from workers.sources.shopify import shopify
from workers.sources.woocommerce import woocommerce

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.sources.messages import Adapter

PRODUCTS: dict[str, tuple[Adapter, Callable[[Any], dict[str, Any]]]] = {
    "shopify": (
        shopify("variant", "EUR", None),
        lambda id_: {"id": 1, "title": "Cup", "variants": [{"id": id_, "title": "", "price": "5"}]},
    ),
    "shopify, whole products": (
        shopify("product", "EUR", None),
        lambda id_: {"id": id_, "title": "Cup", "variants": [{"id": 1, "title": "", "price": "5"}]},
    ),
    "woocommerce": (woocommerce("EUR"), lambda id_: {"id": id_, "name": "Cup", "price": "5"}),
    "magento": (magento("EUR"), lambda id_: {"sku": id_, "name": "Cup", "price": 5}),
    "google-merchant": (google_merchant(), lambda id_: {"id": id_, "title": "Cup", "price": "5 EUR"}),
    "debezium-unwrapped": (
        debezium_unwrapped(columns(product_id="id", title="name")),
        lambda id_: {"id": id_, "name": "Cup"},
    ),
}


@pytest.mark.parametrize("platform", PRODUCTS)
def test_an_id_is_the_same_as_a_number_and_as_a_text(platform: str) -> None:
    adapt, product = PRODUCTS[platform]
    named = {adapt(message("products", product(id_)))[0].fields["product_id"] for id_ in (77, "77", 77.0)}
    assert named == {"77"}


@pytest.mark.parametrize("platform", PRODUCTS)
def test_an_id_that_lost_its_last_digits_names_no_item(platform: str) -> None:
    adapt, product = PRODUCTS[platform]
    with pytest.raises(InvalidEvent, match="lost digits"):
        adapt(message("products", product(7.880321196742929e17)))


@pytest.mark.parametrize("platform", [name for name in PRODUCTS if name != "debezium-unwrapped"])
@pytest.mark.parametrize("none", [None, "", " "])
def test_no_item_is_named_after_an_id_that_is_missing(platform: str, none: str | None) -> None:
    adapt, product = PRODUCTS[platform]
    with pytest.raises(InvalidEvent, match=r"id|sku"):
        adapt(message("products", product(none)))


@given(st.integers() | st.text(min_size=1).filter(str.strip))
def test_an_id_stays_as_it_is_written(id_: int | str) -> None:
    assert id_of(id_, "id") == str(id_)


@given(st.one_of(st.none(), st.booleans(), st.floats(allow_nan=True), st.lists(st.integers(), max_size=1)))
def test_no_other_value_is_an_id_unless_it_is_a_whole_number(value: Any) -> None:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        assert id_of(value, "id") == str(int(value))
    else:
        with pytest.raises(InvalidEvent, match=r"^id: "):
            id_of(value, "id")


@pytest.mark.parametrize("flag", [True, 1, 1.0, "1", "true", "TRUE", " t ", "yes"])
def test_a_flag_is_set_in_any_spelling(flag: object) -> None:
    assert is_set(flag)


@pytest.mark.parametrize("flag", [False, 0, None, "0", "false", "f", "no", "", "null"])
def test_a_flag_that_is_not_set_is_none(flag: object) -> None:
    assert not is_set(flag)


@given(st.lists(st.text(max_size=300)))
def test_as_many_values_are_taken_as_an_attribute_holds_as_a_list(values: list[str]) -> None:
    taken = first_values(values)
    assert taken == values[: len(taken)]
    one_more = values[: len(taken) + 1]
    fits = len(orjson.dumps(taken)) <= ATTRIBUTE_BYTES_MAX
    assert (fits or len(taken) == 1) and (taken == values or len(orjson.dumps(one_more)) > ATTRIBUTE_BYTES_MAX)


@pytest.mark.parametrize("name", ["tags", "options"])
def test_of_a_long_list_the_first_values_are_filtered_by(name: str) -> None:
    """A list that became a text had none by which it was found."""
    words = [f"word-{number:05}" for number in range(200)]
    tags = [{"name": word} for word in words]
    shop = {"id": 1, "name": "A", "price": "1", "tags": tags, "attributes": [{"name": "options", "options": words}]}
    [event, _] = woocommerce("EUR")(message("products", shop))
    assert event.fields["attributes"][name] == words[:78]


@pytest.mark.parametrize("value", [True, [1], {"$oid": "5f"}])
def test_an_id_of_another_type_is_not_called_missing(value: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"sku: .* is no id: send it as a text or a whole number"):
        id_of(value, "sku")


def test_a_refusal_names_columns_in_one_line() -> None:
    assert in_one_line(["Price\n(EUR)", "Name\r\n"]) == "Name, Price (EUR)"
