"""Numbers of requests, rules and files are written in digits."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from schemas.queries import SearchRequest
from schemas.recommendations import RecommendRequest
from schemas.rules import Rule
from schemas.suggestions import SuggestRequest
from schemas.watches import WatchesRequest, WatchRequest
from stream.api.dead_letters.models import LettersParameters
from stream.api.parameters import ProgressParameters
from workers.merchandising.weights import RankingFile

ITEMS = {"brand": "Acme"}
ASKED: list[tuple[type[BaseModel], dict[str, Any], str]] = [
    (SearchRequest, {"q": "a"}, "limit"),
    (SearchRequest, {"q": "a", "currency": "EUR"}, "max_price"),
    (RecommendRequest, {"liked": ["a"]}, "diversity"),
    (SuggestRequest, {"q": "a"}, "limit"),
    (WatchRequest, {"owner": "x", "product_id": "a", "currency": "EUR"}, "target_price"),
    (WatchRequest, {"owner": "x", "q": "a"}, "expires_in_seconds"),
    (WatchesRequest, {}, "limit"),
    (ProgressParameters, {"after": "prices:0:1"}, "wait_ms"),
    (LettersParameters, {"topic": "prices"}, "limit"),
]


@pytest.mark.parametrize("said", [True, False, "1_0", "6_0"])
@pytest.mark.parametrize(("model", "more", "field"), ASKED)
def test_what_python_alone_takes_for_a_number_is_refused(
    model: type[BaseModel], more: dict[str, Any], field: str, said: Any
) -> None:
    with pytest.raises(ValidationError, match="is no number: write its digits alone") as refused:
        model(**more, **{field: said})
    assert refused.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize("said", [True, "1_0"])
def test_so_it_is_in_rules_and_in_files_of_weights(said: Any) -> None:
    for action in ({"pin": {"product_id": "a", "position": said}}, {"boost": {"items": ITEMS, "by": said}}):
        with pytest.raises(ValidationError, match="is no number"):
            Rule.model_validate({"id": "r", **action})
    with pytest.raises(ValidationError, match="is no number"):
        RankingFile.model_validate({"weights": {"rating": {"strength": said}}})


def test_digits_in_a_text_and_truth_values_elsewhere_stay_as_they_are() -> None:
    asked = SearchRequest(q="a_b", limit="20", group=True, max_price="1.5", currency="EUR", seller="a_b")
    assert (asked.q, asked.limit, asked.group, asked.max_price, asked.seller) == ("a_b", 20, True, 1.5, ("a_b",))
