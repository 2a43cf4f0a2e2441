"""Requests that pass their checks can be read again: the filters of a request are checked once more."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.queries import SearchRequest


@pytest.mark.parametrize("seller", ["\r", "\u200b", " \ufeff"])
def test_a_seller_that_nobody_sees_is_refused_and_no_bug(seller: str) -> None:
    with pytest.raises(ValidationError, match="seller"):
        SearchRequest(q="lamp", seller=(seller,))


@pytest.mark.parametrize("seller", ["north", " north\u200b"])
def test_a_seller_is_named_as_events_name_it(seller: str) -> None:
    assert SearchRequest(q="lamp", seller=(seller,)).filters.seller == ("north",)


@pytest.mark.parametrize("name", ["cafe\u0301", " caf\u00e9\u200b", "caf\u00e9"])
def test_an_attribute_is_named_as_events_name_it(name: str) -> None:
    asked = SearchRequest(q="lamp", attribute=(f"{name}:a:b",), facets=[f"attributes.{name}"])
    assert asked.filters.attribute == ("caf\u00e9:a:b",)
    assert asked.filters.attributes == {"caf\u00e9": ["a:b"]}
    assert asked.facets == ["attributes.caf\u00e9"] and asked.filters.lifted_for(asked.facets[0]) == {"attribute": None}


@pytest.mark.parametrize("text", ["\u200b:red", " :red", "color:\u200b", "color: ", "color"])
def test_an_attribute_without_a_name_or_value_that_can_be_seen_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is no NAME:VALUE"):
        SearchRequest(q="lamp", attribute=(text,))
