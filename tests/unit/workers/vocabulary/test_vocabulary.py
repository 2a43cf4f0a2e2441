"""The vocabulary has the words of the items that are visible now, whatever came in which order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.contents import content
from workers.vocabulary.correction import corrected, nearest, unknown_words
from workers.vocabulary.vocabulary import Vocabulary
from workers.vocabulary.words import WORDS_PER_ITEM_MAX, catalogue_brand, catalogue_entry, catalogue_words
from workers.words.stems import language_of_all
from workers.words.surface import words

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLES = ("notebook paper", "Brass desk lamp", "Café noir", "iPhone 14 Pro", "chocolate cake", "Cake")
word = st.text(alphabet="abcé", min_size=1, max_size=3)
change = st.tuples(st.sampled_from("xyz"), st.integers(0, 9), st.dictionaries(word, word, max_size=4))


def vocabulary(*titles: str) -> Vocabulary:
    made = Vocabulary()
    for number, title in enumerate(titles or TITLES):
        made.put(str(number), 1, catalogue_words(content(title={"en": title})))
    return made


@given(st.lists(change))
def test_the_words_are_those_of_the_newest_version_of_each_item(changes: list[tuple[str, int, dict[str, str]]]) -> None:
    made = Vocabulary()
    newest: dict[str, tuple[int, Iterable[str]]] = {}
    for product_id, version, said in changes:
        made.put(product_id, version, said)
        if version > newest.get(product_id, (-1, ()))[0]:
            newest[product_id] = version, said
    counts = Counter(each for _, said in newest.values() for each in said)
    assert made.words() == sorted(counts) and len(made) == len(counts)
    assert made.completions("", 100) == sorted(counts, key=lambda each: (-counts[each], each))
    assert all(made.version(product_id) == version for product_id, (version, _) in newest.items())


def test_the_words_that_most_items_have_complete_a_prefix_first() -> None:
    made = vocabulary("cake", "cake tin", "cable", "Café")
    assert made.completions("ca", 9) == ["cake", "cable", "cafe"]
    assert made.completions("ca", 1) == ["cake"] and made.completions("x", 9) == []
    assert made.written("cafe") == "café"


def test_a_hidden_item_takes_its_words_along_and_never_comes_back_by_an_older_change() -> None:
    made = vocabulary("lamp")
    made.put("0", 3, catalogue_words(content(title={"en": "lamp"}, status="delisted")))
    assert "lamp" not in made and len(made) == 0
    made.put("0", 2, catalogue_words(content(title={"en": "lamp"})))
    assert made.completions("la", 5) == [] and made.version("0") == 3


def test_the_brands_are_those_of_visible_items() -> None:
    made = Vocabulary()
    acme = content(brand="ACMÉ Inc.")
    for product_id in "ab":
        made.put(product_id, 1, {}, catalogue_brand(acme))
    assert "acme inc" in made.brands and catalogue_brand(content(brand="?")) is None
    made.put("a", 2, {}, catalogue_brand({**acme, "status": "delisted"}))
    assert "acme inc" in made.brands
    made.put("b", 2, {}, "other")
    assert "acme inc" not in made.brands and "other" in made.brands


def test_more_items_than_are_remembered_leave_the_words_of_the_others() -> None:
    made = Vocabulary(items_max=1)
    made.put("a", 1, {"lamp": "lamp"})
    made.put("b", 1, {"cake": "cake"})
    made.put("a", 2, {"vase": "vase"})
    assert made.words() == ["vase"]


def test_numbers_sizes_and_function_words_are_no_words_of_the_vocabulary() -> None:
    said = catalogue_words(
        content(title={"en": "Lamp for the WH-1000XM5, 500 ml 14 x"}, brand="Acmé", category=["麵包"])
    )
    assert said == {"lamp": "lamp", "wh-1000xm5": "wh-1000xm5", "acme": "acmé", "面包": "麵包"}


def test_an_item_adds_a_bounded_number_of_words() -> None:
    title = " ".join(f"word{number}x" for number in range(2 * WORDS_PER_ITEM_MAX))
    assert len(catalogue_words(content(title={"en": title}))) == WORDS_PER_ITEM_MAX


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *[("notebok", "notebook"), ("ntoebook", "notebook"), ("choclate", "chocolate"), ("lmap", "lamp")],
        *[("lampp", "lamp"), ("cafee", "cafe"), ("zebra", None), ("lbmd", None), ("chucolete", "chocolate")],
    ],
)
def test_a_mistyped_word_means_the_nearest_word(typed: str, meant: str | None) -> None:
    assert unknown_words(typed, vocabulary()) == {typed: typed}
    assert nearest(typed, vocabulary()) == meant


@pytest.mark.parametrize(
    "text",
    ["iphone 15", "iphone15", "wh1000", "Notebook", "LAMPS", "lap", "蛋榚", "麵飽", "the", "with your", "500ml", ""],
)
def test_what_the_catalogue_has_or_has_a_digit_or_is_chinese_is_never_corrected(text: str) -> None:
    assert unknown_words(text, vocabulary()) == {}


@pytest.mark.parametrize("written", ["Mueller", "Muller", "Müller"])
def test_an_umlaut_is_no_mistake_however_the_catalogue_writes_it(written: str) -> None:
    assert unknown_words("Müller milch", vocabulary(f"{written} Milch")) == {}
    assert unknown_words("MÜLLERN", vocabulary(f"{written} Milch")) == {"mullern": "MÜLLERN"}


def test_the_colours_and_sizes_are_those_of_visible_items_and_each_is_a_filter_as_it_is_written() -> None:
    made = Vocabulary()
    red = content(attributes={"Colour": ["Red", "Navy  Blue"], "größe": 42, "material": "Red"})
    for product_id in "ab":
        made.put(product_id, 1, *catalogue_entry(red))
    assert made.attributes == {
        "@color:red": "Colour:Red", "@color:navy blue": "Colour:Navy  Blue", "@size:42": "größe:42",
    }  # fmt: skip
    made.put("a", 2, *catalogue_entry({**red, "status": "delisted"}))
    assert len(made.attributes) == 3
    made.put("b", 2, *catalogue_entry({**red, "attributes": {"size": "42"}}))
    assert made.attributes == {"@size:42": "größe:42"}


def test_the_number_of_items_with_a_word_has_its_plurals_and_the_runs_that_have_it() -> None:
    made = vocabulary("lamp", "Lamps", "cookie", "cookies", "黑色手機", "手機殼 手機", "lampoon")
    assert (made.items, made.items_with("lamp"), made.items_with("lamps")) == (7, 2, 2)
    assert made.items_with("cookie") == 2 and made.items_with("手机") == 3 and made.items_with("vase") == 0


def test_a_run_is_counted_again_once_a_sixteenth_of_the_items_has_changed() -> None:
    made = vocabulary(*["手機殼"] * 32)
    assert made.items_with("手机") == 32
    for number in (1, 2):
        made.put(str(number), 2, {})
        assert made.items_with("手机") == 32
    made.put("3", 2, {})
    assert made.items_with("手机") == 29


def test_the_forms_of_a_word_are_those_of_the_catalogue_with_its_stem_in_the_language_of_the_shop() -> None:
    made = Vocabulary(language="de")
    for number, title in enumerate(["Lampen", "Lampe", "Lampe", "Häuser", "Lager"]):
        made.put(str(number), 1, *catalogue_entry(content(title={"und": title})))
    assert made.forms("lampe") == ["lampen"] and made.forms("lampen") == ["lampe"]
    assert made.forms("haus") == ["hauser"] and made.forms("lampion") == [] == made.forms("15")
    made.put("0", 2, {})
    assert made.forms("lampe") == []
    assert vocabulary("Lampen").forms("lampe") == []


@pytest.mark.parametrize(
    ("languages", "language"),
    [(("de",), "de"), (("de-AT", "de"), "de"), (("de", "fr"), None), (("en",), None), (("zh-Hant",), None), ((), None)],
)
def test_texts_that_name_no_language_are_in_that_of_the_shop_where_it_has_one(
    languages: tuple[str, ...], language: str | None
) -> None:
    assert language_of_all(languages) == language


def test_the_stems_are_those_of_titles_in_languages_that_are_stemmed() -> None:
    made = Vocabulary()
    for number, title in enumerate([{"de": "Lampen"}, {"de-AT": "Lampe"}, {"en": "lamp"}, {"und": "Lampe"}]):
        made.put(str(number), 1, *catalogue_entry(content(title=title)))
    assert made.stems == {"lamp~de": 2}
    made.put("0", 2, *catalogue_entry(content(title={"de": "Lampen"}, status="delisted")))
    assert made.stems == {"lamp~de": 1}


def test_of_words_that_are_equally_near_the_more_frequent_one_is_meant() -> None:
    assert nearest("cakr", vocabulary("cart", "cake", "cake tin")) == "cake"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("damenhose", "damen hose"),
        ("desklamps", "desk lamp"),
        ("arbeitshose", "arbeit hose"),
        ("icemaker", "ice maker"),
        ("kuchenmaschine", "kuchen maschine"),
        ("fahrrad", "kinderfahrrad"),
        ("hrrad", "kinderfahrrad"),
        ("rrad", None),
        ("kinderfahrad", "kinderfahrrad"),
        ("zzzhose", None),
        ("inhose", None),
    ],
)
def test_a_compound_is_the_two_words_that_the_catalogue_has(typed: str, meant: str | None) -> None:
    titles = (
        "Damen Hose",
        "Arbeit",
        "Kinderfahrrad",
        "desk",
        "lamp in",
        "ice",
        "maker",
        "pacemaker",
        "Küchen",
        "Maschine",
    )
    assert nearest(typed, vocabulary(*titles)) == meant


def test_a_corrected_query_keeps_all_else_as_it_was_typed() -> None:
    assert corrected("NOTEBOK, für  lmap!", {"notebok": "notebook", "lmap": "lamp"}) == "notebook, für  lamp!"


@given(st.text(max_size=40), st.dictionaries(word, word, max_size=3))
def test_words_that_are_not_corrected_stay_in_a_query(text: str, corrections: dict[str, str]) -> None:
    result = corrected(text, corrections)
    if not any(each.chunk in corrections for each in words(text)):
        assert result == text


@given(st.text(max_size=40))
def test_correcting_never_raises_and_never_touches_a_known_word(text: str) -> None:
    made = vocabulary()
    for each in unknown_words(text, made):
        assert each not in made and each.isalpha()
        assert nearest(each, made) != each
