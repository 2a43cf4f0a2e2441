"""The conditions and the words that a watch asks for."""

from __future__ import annotations

import pytest

from tests.support.contents import content
from tests.support.watching import watch
from workers.watches.watch import counting_words, fits
from workers.words.item import item_words


def matches(query: str, **fields: object) -> bool:
    point = content(**fields)
    return fits(watch(q=query), point, item_words(point).counts.keys())


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("desk lamp", "A lamp in brass, for the desk"),
        ("Lamps", "Desk lamp"),
        ("lamp for my desk", "my desk lamp"),
        ("500 ml", "Milk 0.5 l"),
        ("WH-1000XM5", "Sony WH1000XM5"),
        ("wh 1000 xm5 headphones", "Headphones WH-1000XM5"),
        ("sony wh-1000 xm5", "Sony WH1000XM5"),
        ("note book sleeve", "Notebook sleeve"),
        ("x box 360", "Xbox 360"),
        ("wi fi", "WiFi router"),
        ("蛋糕", "朱古力蛋糕"),
        ("the", "The the"),
    ],
)
def test_an_item_that_says_all_of_the_query_fits(query: str, text: str) -> None:
    assert matches(query, title={"en": text})


@pytest.mark.parametrize(
    ("query", "text"),
    [
        *(("desk lamp", "Desk"), ("wh 1000 xm5 case", "WH-1000XM5"), ("note book", "Note"), ("a b c", "AB")),
        *(("sofa", "Couch"), ("蛋糕", "糕蛋"), ("the", "A")),
    ],
)
def test_an_item_that_lacks_a_part_of_it_does_not(query: str, text: str) -> None:
    assert not matches(query, title={"en": text})


def test_words_are_looked_for_in_all_texts_of_an_item() -> None:
    assert matches("acme brass lamp", title={"en": "Lamp"}, brand="Acme", description={"en": "Made of brass"})
    assert matches("P-17", product_id="P-17") is False, "an id is no text"


def test_words_that_say_little_count_only_where_there_are_no_others() -> None:
    assert counting_words("lamp for the Desk lamp") == ["lamp", "desk"]
    assert counting_words("for the") == ["for", "the"]
    assert counting_words("!!") == []
