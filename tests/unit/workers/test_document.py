"""The document of an item, and its fingerprint.

These tests prove docs/invariants.md#3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from workers.document import document, normalised
from workers.embedder.interface import ModelId

if TYPE_CHECKING:
    from schemas.points import Content

MODEL = ModelId("m", "1", 4)
CAKE: Content = {
    "product_id": "P1", "partition": 3, "status": "visible",
    "title": {"zh-Hant": "嘉頓 孖寶蛋糕", "en": "Marbo  Cake"}, "description": {"en": "Sponge\ncake"},
    "brand": "Garden", "category": ["Bakery", "Cakes"],
    "attributes": {"flavour": "walnut", "weight": 78, "vegan": True, "sizes": ["S", {"note": "mini"}]},
    "link": "http://x", "image_link": None, "gtin": "123", "item_group_id": None, "availability": "in_stock",
    "offers": [], "sellers": [], "currencies": [], "price": 9.0, "currency": "HKD", "price_changes_at_ms": None,
    "rating": 4.5, "review_count": 2, "rating_histogram": [0, 0, 0, 1, 1], "name_keys": [], "left_out": [],
    "updated_at_ms": {"product": 1},
}  # fmt: skip
NOT_IN_THE_TEXT = {
    "product_id", "partition", "status", "link", "image_link", "gtin", "item_group_id", "availability", "offers",
    "sellers", "currencies", "price", "currency", "price_changes_at_ms", "rating", "review_count",
    "rating_histogram", "name_keys", "left_out", "updated_at_ms",
}  # fmt: skip


def test_a_document_has_all_languages_and_the_words_among_the_attributes() -> None:
    assert document(CAKE, MODEL).text == (
        "Marbo Cake\n嘉頓 孖寶蛋糕\nGarden\nBakery > Cakes\nSponge cake\nwalnut, S, mini"
    )


@given(st.sampled_from(sorted(NOT_IN_THE_TEXT)), st.none() | st.text() | st.integers())
def test_prices_stock_and_reviews_never_change_a_fingerprint(field: str, value: object) -> None:
    changed = cast("Content", {**CAKE, field: value})
    assert document(changed, MODEL) == document(CAKE, MODEL)


def test_every_other_field_changes_the_fingerprint() -> None:
    changes: dict[str, object] = {
        "title": {"en": "x"}, "description": {}, "brand": None, "category": [], "attributes": {},
    }  # fmt: skip
    assert changes.keys() | NOT_IN_THE_TEXT == CAKE.keys()
    for field, value in changes.items():
        changed = cast("Content", {**CAKE, field: value})
        assert document(changed, MODEL).fingerprint != document(CAKE, MODEL).fingerprint, field


def test_another_model_or_revision_is_another_fingerprint() -> None:
    models = [MODEL, MODEL._replace(name="n"), MODEL._replace(revision="2"), MODEL._replace(dimension=5)]
    assert len({document(CAKE, model).fingerprint for model in models}) == 4


def test_what_looks_the_same_has_one_fingerprint() -> None:
    accent = {"composed": "caf\u00e9  au lait", "decomposed": " cafe\u0301 au\tlait\n"}
    prints = {document({**CAKE, "title": {"fr": title}}, MODEL).fingerprint for title in accent.values()}
    assert len(prints) == 1


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(st.permutations(["en", "fr", "zh"]))
def test_the_order_of_languages_does_not_matter(order: list[str]) -> None:
    titles = {"en": "Cake", "fr": "Gâteau", "zh": "蛋糕"}
    shuffled = {language: titles[language] for language in order}
    assert document({**CAKE, "title": shuffled}, MODEL) == document({**CAKE, "title": titles}, MODEL)


def test_the_same_wording_in_two_languages_stands_once() -> None:
    assert document({**CAKE, "title": {"en": "iPod", "fr": "iPod"}}, MODEL).text.count("iPod") == 1
