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
