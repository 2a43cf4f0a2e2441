"""The file of weights: what it may say, what is refused, and which section counts for a search."""

from __future__ import annotations

from math import prod

import pytest

from schemas.errors import Misconfigured
from tests.support.traits import traits
from workers.merchandising.factors import Moment
from workers.merchandising.weights import NO_WEIGHTS, Ranking, read_ranking

NOW = Moment(1_000, None)
FILE = """
weights:
  rating: {strength: 1, prior: 3, prior_reviews: 5}
  availability: {strength: 2}
markets:
  - {currency: HKD, weights: {availability: {strength: 5}}}
  - {language: zh, weights: {sellers: {strength: 1}}}
  - {currency: HKD, language: en-GB, weights: {reviews: {strength: 3}}}
queries:
  part_number: {rating: {strength: 0}, availability: {strength: 1}}
  brand: {newness: {strength: 2}}
"""


def strengths(
    ranking: Ranking, kind: str = "plain", currency: str | None = None, language: str = "en"
) -> dict[str, float]:
    weights = ranking.weights(kind, currency, (language, "fr"))  # type: ignore[arg-type]
    return {} if weights is None else {name: factor.strength for name, factor in weights.factors.items()}


def test_markets_go_before_the_general_factors_and_kinds_of_queries_before_both() -> None:
    ranking = read_ranking(FILE, "r.yaml")
    assert strengths(ranking) == {"rating": 1, "availability": 2}
    assert strengths(ranking, currency="HKD") == {"rating": 1, "availability": 5}
    assert strengths(ranking, currency="EUR") == strengths(ranking)
    assert strengths(ranking, language="zh-Hant") == {"rating": 1, "availability": 2, "sellers": 1}
    assert strengths(ranking, currency="HKD", language="en-GB") == {"rating": 1, "availability": 5, "reviews": 3}
    assert strengths(ranking, "part_number", "HKD") == {"availability": 1}
    assert strengths(ranking, "brand") == {"rating": 1, "availability": 2, "newness": 2}


@pytest.mark.parametrize("text", ["", "weights: {}", "weights: {rating: {strength: 0}}", "queries: {brand: {}}"])
def test_a_file_that_weighs_nothing_leaves_searches_as_they_are(text: str) -> None:
    ranking = read_ranking(text, "r.yaml")
    for kind in ("plain", "part_number", "brand", "filters"):
        assert strengths(ranking, kind) == strengths(NO_WEIGHTS, kind) == {}


def test_a_weight_is_the_product_of_the_factors_that_are_reported() -> None:
    weights = read_ranking(FILE, "r.yaml").weights("plain", None, ("en",))
    assert weights is not None
    item = traits(rating=4.0, review_count=5, availability="out_of_stock")
    reports = weights.reports(item, NOW)
    assert weights.weight(item, NOW) == prod(report.factor for report in reports.values())
    assert reports["availability"].share == 0 and reports["availability"].factor == pytest.approx(1 / 3)
    assert reports["rating"].share == pytest.approx((3.5 - 1) / 4)
    best = traits(rating=5.0, review_count=10**9, availability="in_stock")
    assert weights.weight(item, NOW) < weights.weight(best, NOW) <= 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("weight: {}", "weight: there is no such key"),
        ("weights: {colour: {strength: 1}}", "weights.colour: there is no such key"),
        ("weights: {rating: {strength: -1}}", "weights.rating.strength: should be greater than or equal to 0"),
        ("weights: {rating: {strength: .nan}}", "weights.rating.strength: should be a finite number"),
        ("weights: {rating: {strength: .inf}}", "weights.rating.strength: should be a finite number"),
        ("weights: {rating: {strength: much}}", "weights.rating.strength: should be a valid number"),
        ("weights: {rating: {}}", "weights.rating.strength: is missing"),
        ("weights: {rating: {strength: 1, prior: 6}}", "weights.rating.prior: should be less than or equal to 5"),
        (
            "weights: {rating: {strength: 1, prior_reviews: 0}}",
            "weights.rating.prior_reviews: should be greater than 0",
        ),
        ("weights: {reviews: {strength: 1, half_at: 0}}", "weights.reviews.half_at: should be greater than 0"),
        ("weights: {newness: {strength: 1, half_life_days: 0}}", "half_life_days: should be greater than 0"),
        ("weights: {boost: {strength: 1}}", "weights.boost: attribute: is missing"),
        ("weights: {popularity: {strength: 1}}", "weights.popularity.attribute: is missing"),
        ("markets: [{currency: XXX, weights: {}}]", "markets.0.currency: "),
        ("markets: [{language: '!', weights: {}}]", "markets.0.language: '!' is no language tag"),
        ("markets: [{weights: {}}]", "markets.0: currency: name a currency or a language"),
        ("queries: {sku: {}}", "queries.sku"),
        ("alternatives: {none: {}}", "alternatives.none: is a ranking that there is always"),
        ("alternatives: {a: {weights: {rating: {strength: -1}}}}", "alternatives.a.weights.rating.strength: should be"),
        ("alternatives: {a: {alternatives: {}}}", "alternatives.a.alternatives: there is no such key"),
        ("alternatives: {'a b': {}}", "alternatives.a b"),
        ("[a", "is no YAML"),
        ("[]x", "is no YAML|must be an object with keys"),
        ("- 1", "must be an object with keys"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_field(text: str, reason: str) -> None:
    with pytest.raises(Misconfigured, match=f"FRESHLINE_RANKING: r.yaml.*({reason})") as refused:
        read_ranking(text, "r.yaml")
    assert "\n" not in str(refused.value)
