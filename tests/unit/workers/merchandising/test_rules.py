"""Merchant rules: what one may say, and which hold for a search."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidRule
from schemas.rules import Rule, Target
from tests.support.traits import traits
from workers.merchandising.rule_records import RULE_BYTES_MAX, encode_rule, read_record, read_rule
from workers.merchandising.rules import NO_RULES, Rules, RulesInForce, boost_factor, is_about

PIN = {"product_id": "P1", "position": 1}
NOW_MS = 1_790_000_000_000


def rule(rule_id: str = "r", **said: Any) -> Rule:
    action = {} if {"bury", "boost"} & said.keys() else {"pin": PIN}
    return read_rule(orjson.dumps({"id": rule_id, **action, **said}))


def in_force(*rules: Rule) -> Rules:
    found = Rules()
    for each in rules:
        found.put(each)
    return found


def ids(in_force_now: RulesInForce) -> list[str]:
    return [each.id for kind in in_force_now for each in kind]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"id": "", "pin": PIN}, "id: "),
        ({"id": "r", "pin": PIN, "colour": "red"}, "colour: there is no such key"),
        ({"id": "r", "pin": {**PIN, "position": 0}}, "pin.position: should be greater than or equal to 1"),
        ({"id": "r", "pin": {**PIN, "position": 101}}, "pin.position: should be less than or equal to 100"),
        (
            {"id": "r", "pin": {**PIN, "product_id": "freshline-canary-0"}},
            "pin: product_id: freshline-canary-0 is a hidden",
        ),
        ({"id": "r", "pin": {"position": 1}}, "pin.product_id: is missing"),
        ({"id": "r"}, "pin: a rule has one action"),
        ({"id": "r", "pin": PIN, "bury": {"brand": "A"}}, "pin and bury: a rule has one action"),
        ({"id": "r", "bury": {}}, "bury: product_id: name a product, or at least one filter"),
        ({"id": "r", "bury": {"colour": "red"}}, "bury.colour: there is no such key"),
        ({"id": "r", "bury": {"max_price": 5}}, "bury: currency: max_price means nothing without"),
        (
            {"id": "r", "bury": {"min_price": 9, "max_price": 3, "currency": "EUR"}},
            "bury: min_price: 9.0 is above max_price 3.0",
        ),
        ({"id": "r", "bury": {"seller": []}}, "bury.seller: should have at least 1 item$"),
        ({"id": "r", "boost": {"items": {"brand": "A"}, "by": 0}}, "boost.by: should be greater than 0"),
        ({"id": "r", "boost": {"items": {"brand": "A"}, "by": "NaN"}}, "boost.by: should be"),
        ({"id": "r", "pin": PIN, "match": "contains"}, "match: there is no query to match"),
        ({"id": "r", "pin": PIN, "query": "a", "match": "fuzzy"}, "match: "),
        ({"id": "r", "pin": PIN, "query": " - "}, "query: it has no word"),
        ({"id": "r", "pin": PIN, "query": "a b c d e f g", "match": "contains"}, "6 words at most"),
        ({"id": "r", "pin": PIN, "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, "ends_at: "),
        ({"id": "r", "pin": PIN, "starts_at": "tomorrow"}, "starts_at: 'tomorrow' is no RFC 3339 time"),
        ([], "must be an object with keys"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_with_its_field(said: Any, reason: str) -> None:
    with pytest.raises(InvalidRule, match=reason):
        read_rule(orjson.dumps(said))


def test_a_record_that_is_no_json_too_large_or_under_another_key_is_refused() -> None:
    for key, value in ((b"r", b"{"), (b"r", b" " * (RULE_BYTES_MAX + 1)), (b"s", encode_rule(rule())), (None, b"1")):
        with pytest.raises(InvalidRule):
            read_record(key, value)


def test_a_rule_comes_back_from_its_record() -> None:
    for each in (
        rule(query="sofa", match="contains", starts_at=NOW_MS, ends_at="2030-01-01T00:00:00Z"),
        rule(boost={"items": {"brand": "Acme", "min_rating": 4}, "by": 2}),
        rule(bury={"product_id": "P2"}),
    ):
        assert read_record(each.id.encode(), encode_rule(each)) == each


@pytest.mark.parametrize(
    ("query", "match", "asked", "holds"),
    [
        ("sofa", "exact", "Sofas", True),
        ("sofa", "exact", "red sofa", False),
        ("red sofa", "contains", "big RED sofas for two", True),
        ("red sofa", "contains", "red big sofa", False),
        ("0.5 l", "exact", "500 ml", True),
        ("t-shirt", "exact", "T Shirts", True),
        ("t shirt", "contains", "red t-shirts", True),
        ("iphone 15", "contains", "iPhone15 case", True),
        ("iphone15", "exact", "iphone 15", True),
        ("wifi", "contains", "Wi Fi router", True),
        ("women", "contains", "women 38 dress", True),
        ("15", "contains", "iphone 15 pro", True),
        ("carpet", "contains", "car pet bed", False),
        ("iphone 15", "contains", "iphone 16", False),
        ("iphone 手機", "contains", "iPhone手機殼", True),
        ("手機 iphone", "contains", "智能手機iphone", True),
        ("50吋電視", "contains", "三星50吋電視機", True),
        ("手機 15", "contains", "新手機15", True),
        ("iphone 殼", "contains", "iphone手機殼", False),
        ("蛋糕", "contains", "嘉頓蛋糕", True),
        ("蛋糕", "exact", "嘉頓蛋糕", False),
        ("蛋糕", "contains", "cake", False),
    ],
)
def test_a_rule_holds_for_queries_that_are_its_phrase_or_contain_it(
    query: str, match: str, asked: str, holds: bool
) -> None:
    rules = in_force(rule(query=query, match=match))
    assert bool(ids(rules.in_force(asked, NOW_MS))) is holds
    assert rules.in_force(None, NOW_MS) == NO_RULES


def test_a_rule_without_a_query_holds_always_and_every_rule_in_its_time_alone() -> None:
    rules = in_force(rule("a"), rule("b", starts_at=NOW_MS), rule("c", ends_at=NOW_MS), rule("d", query="sofa"))
    assert ids(rules.in_force("sofa", NOW_MS)) == ["a", "b", "d"]
    assert ids(rules.in_force(None, NOW_MS - 1)) == ["a", "c"]


actions = st.sampled_from([{"pin": PIN}, {"bury": {"brand": "A"}}, {"boost": {"items": {"brand": "A"}, "by": 2}}])
queries = st.sampled_from([{}, {"query": "sofa"}, {"query": "sofa", "match": "contains"}, {"query": "red sofa"}])
changes = st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.tuples(actions, queries))), max_size=12)


@given(changes, st.sampled_from([None, "sofa", "red sofa", "lamp"]))
def test_the_last_change_of_each_id_decides_and_leaves_nothing_behind(changes: list[Any], asked: str | None) -> None:
    rules, last = Rules(), dict[str, Rule]()
    for rule_id, said in changes:
        last.pop(rule_id, None)
        if said is None:
            rules.remove(rule_id)
        else:
            last[rule_id] = read_rule(orjson.dumps({"id": rule_id, **said[0], **said[1]}))
            rules.put(last[rule_id])
    fresh = in_force(*last.values())
    assert rules.in_force(asked, NOW_MS) == fresh.in_force(asked, NOW_MS)
    assert len(rules) == len(last) and all(each in rules for each in last)
    assert rules._exact == fresh._exact and rules._contained == fresh._contained and rules._always == fresh._always


def test_a_boost_moves_items_apart_and_no_score_above_what_it_was() -> None:
    up, down = (
        rule("u", boost={"items": {"brand": "A"}, "by": 4}),
        rule("d", boost={"items": {"brand": "B"}, "by": 0.5}),
    )
    a, b, c = (traits(brand=brand) for brand in ("A", "B", "C"))
    assert [boost_factor(up, item) for item in (a, b, c)] == [1, 0.25, 0.25]
    assert [boost_factor(down, item) for item in (a, b, c)] == [1, 0.5, 1]
    assert in_force(up, down).in_force("x", NOW_MS).boost(b) == 0.125


def test_the_items_that_a_rule_is_about_pass_all_that_it_says() -> None:
    item = traits(product_id="P1", brand="ACME", category=("Food", "Cakes"), price=5.0, currency="EUR", rating=4.0)
    assert is_about(
        Target(brand="acme", category="cakes", max_price=5, min_price=5, currency="EUR", min_rating=4), item
    )
    assert is_about(Target.model_validate({"brand": ["B", "Acme"]}), item)
    for said in (
        {"brand": "B"},
        {"brand": ["B", "C"]},
        {"attribute": "color:red"},
        {"product_id": "P2"},
        {"min_rating": 4.5},
        {"seller": "A"},
        {"availability": "in_stock"},
    ):
        assert not is_about(Target.model_validate({"currency": "EUR", **said}), item)
    assert not is_about(Target(max_price=9, currency="EUR"), traits(currency="EUR"))
