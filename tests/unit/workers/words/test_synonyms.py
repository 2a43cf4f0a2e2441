"""Synonyms find what they stand for, one way or both ways, and a file that is wrong is refused in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Misconfigured
from workers.words.query import query_terms
from workers.words.rarity import rarity
from workers.words.synonyms import SYNONYM_WEIGHT, Synonyms, read_synonyms

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES = read_synonyms(
    """
synonyms:
  - [sofa, couch, chesterfield settee]
  - [手提電話, 手機]
one_way:
  - {from: tee, to: [t-shirt]}
  - {from: note book, to: [jotter]}
stop: [for sale, buy, 特價]
""",
    "synonyms.yaml",
)


def added(text: str) -> dict[str, float]:
    """Return the terms that synonyms add to those of a query."""
    own = query_terms(text)
    return {term: weight for term, weight in RULES.terms(text).items() if term not in own}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("sofa", {"couch": SYNONYM_WEIGHT, "chesterfield": SYNONYM_WEIGHT / 2, "settee": SYNONYM_WEIGHT / 2}),
        ("Red SOFAS", {"couch": SYNONYM_WEIGHT, "chesterfield": SYNONYM_WEIGHT / 2, "settee": SYNONYM_WEIGHT / 2}),
        ("chesterfield settee", {"sofa": 2 * SYNONYM_WEIGHT, "couch": 2 * SYNONYM_WEIGHT}),
        ("settee", {}),
        ("tee", {"tshirt": SYNONYM_WEIGHT}),
        ("t-shirt", {}),
        ("note book", {"jotter": 2 * SYNONYM_WEIGHT}),
        ("手機", {"手提": SYNONYM_WEIGHT / 3, "提电": SYNONYM_WEIGHT / 3, "电话": SYNONYM_WEIGHT / 3}),
        ("新手机壳", {"手提": SYNONYM_WEIGHT / 3, "提电": SYNONYM_WEIGHT / 3, "电话": SYNONYM_WEIGHT / 3}),
        ("lamp", {}),
    ],
)
def test_a_phrase_adds_the_terms_of_its_synonyms(text: str, terms: dict[str, float]) -> None:
    assert added(text) == pytest.approx(terms)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("buy lamp", "lamp"),
        ("Lamps FOR SALE, red", "Lamps , red"),
        ("sale", "sale"),
        ("buy", "buy"),
        ("特價 蛋糕", "蛋糕"),
    ],
)
def test_a_query_is_searched_for_without_its_stop_phrases(text: str, rest: str) -> None:
    assert RULES.without_stop(text) == rest


class Counts:
    """A catalogue of 20,000 items, 3,000 of which say phone."""

    items = 20_000
    _having: ClassVar = {"phone": 3_000, "handset": 3, "手机": 2_000, "手提电话": 5}

    def items_with(self, chunk: str) -> int:
        return self._having.get(chunk, 0)


def worth(weights: Mapping[str, float], *said: str) -> float:
    """Return the score of an item that says these terms, each of which as many items have as the catalogue says."""
    return sum(weights[term] * rarity(Counts().items_with(of), Counts.items) for term, of in map(pair, said))


def pair(said: str) -> tuple[str, str]:
    term, _, of = said.partition(" of ")
    return term, of or term


@pytest.mark.parametrize(
    ("query", "typed", "other"),
    [
        ("phone", ["phone"], ["handset"]),
        ("handset", ["handset"], ["phone"]),
        ("手機", ["手机"], ["手提 of 手提电话", "提电 of 手提电话", "电话 of 手提电话"]),
        ("手提電話", ["手提 of 手提电话", "提电 of 手提电话", "电话 of 手提电话"], ["手机"]),
    ],
)
def test_a_synonym_is_worth_a_little_less_than_its_phrase_however_rare_either_is(
    query: str, typed: list[str], other: list[str]
) -> None:
    rules = read_synonyms("synonyms: [[phone, handset], [手提電話, 手機]]", "synonyms.yaml")
    weights = rules.terms(query, Counts())
    assert worth(weights, *other) == pytest.approx(SYNONYM_WEIGHT * worth(weights, *typed))


def test_a_synonym_that_no_title_has_keeps_its_weight_as_descriptions_may_have_it() -> None:
    rules = read_synonyms("synonyms: [[phone, blower]]", "synonyms.yaml")
    assert rules.terms("phone", Counts())["blower"] == pytest.approx(SYNONYM_WEIGHT)


def test_every_word_of_every_phrase_of_the_rules_is_known_in_each_form() -> None:
    for word in ("sofa", "sofas", "settee", "chesterfield", "jotter", "note", "buy", "sale", "for", "t-shirt", "tee"):
        assert RULES.knows(word)
    assert not RULES.knows("lamp") and not RULES.knows("chester")


@given(st.text(max_size=40))
def test_without_rules_nothing_changes(text: str) -> None:
    none = Synonyms()
    assert none.terms(text) == query_terms(text) and none.without_stop(text) == text


@given(
    st.lists(st.sampled_from(["sofa", "tee", "buy", "for sale", "特價", "手機壳", "é", "-", "note", "book"])).map(
        " ".join
    )
)
def test_rules_never_take_a_term_or_the_whole_query_away(text: str) -> None:
    own, terms = query_terms(text), RULES.terms(text)
    assert all(terms[term] >= weight for term, weight in own.items())
    assert RULES.without_stop(text).strip() or not text.strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("synonyms: [[sofa, couch], [lamp, Lamps]]", "synonyms.1: Lamps points to itself"),
        ("synonyms: [[sofa]]", "synonyms.0: a group has two phrases or more"),
        ("one_way: [{from: tee, to: [TEE]}]", "one_way.0: to: TEE points to itself"),
        ("one_way: [{from: tee}]", "one_way.0.to: is missing"),
        ("one_way: [{form: tee, to: [a]}]", "one_way.0"),
        ("stopwords: [a]", "stopwords: there is no such key"),
        ("stop: ['...']", "stop: '...' must be one to 6 words"),
        ("stop: [1, 2]", "stop.0"),
        ("synonyms: sofa", "synonyms:"),
        ("[a", "is no YAML"),
        ("- a", "synonyms.yaml: "),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line_that_names_the_field(text: str, said: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_synonyms(text, "synonyms.yaml")
    message = str(refused.value)
    assert message.startswith("FRESHLINE_SYNONYMS: synonyms.yaml") and said in message and "\n" not in message


def test_an_empty_file_has_no_rules() -> None:
    assert read_synonyms("", "synonyms.yaml").terms("sofa") == query_terms("sofa")


def test_a_phrase_is_the_same_in_one_word_and_in_two() -> None:
    rules = read_synonyms("{synonyms: [[t-shirt, t shirt, tee]], one_way: [{from: wi fi, to: [wlan]}]}", "s.yaml")
    for typed in ("t shirt", "T-Shirts", "tshirt"):
        assert "tee" in rules.terms(typed)
    assert "wlan" in rules.terms("wifi router")
    assert all(map(rules.knows, ("t", "shirt", "tshirt", "wifi", "wi", "wlan")))
