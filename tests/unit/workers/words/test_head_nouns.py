"""Head nouns name the thing, and not what it is for: a search for keyboards is not one for their covers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.contents import content
from workers.words.chunks import chunks
from workers.words.folding import folded
from workers.words.head_nouns import NOUN_MARK, head_nouns
from workers.words.item import item_words
from workers.words.query import HEAD_NOUN_WEIGHT, query_terms


def nouns(text: str) -> list[str]:
    return [term.removeprefix(NOUN_MARK) for term in head_nouns(text)]


def nouns_of(**fields: object) -> set[str]:
    """The head nouns of an item."""
    said = item_words(content(**fields)).counts
    return {term.removeprefix(NOUN_MARK) for term in said if term.startswith(NOUN_MARK)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("keyboard", ["keyboard"]),
        ("Keyboard cover", ["cover"]),
        ("HP Bluetooth laser mice", ["mouse"]),
        ("wireless mouse USB Type-A", ["mouse", "usb"]),
        ("Comfort keyboard QWERTY Black", ["keyboard", "qwerty"]),
        ("Women's Running Shoes Black", ["shoe"]),
        ("Herrenhemd Weiß", ["herrenhemd"]),
        ("Lipstick, Hot Pink", ["lipstick"]),
        ("Jeans - Dark Blue", ["jean"]),
        ("Jeans Dark Blue", ["jean"]),
        ("LED bulb warm white", ["bulb"]),
        ("Matte Lipstick", ["lipstick"]),
        ("The Dark", ["dark"]),
        ("Philips - Lampe Weiß", ["philip", "lampe"]),
        ("Camera Kit", ["camera"]),
        ("Knife sets", ["knife"]),
        ("Lamp Set White", ["lamp"]),
        ("set", ["set"]),
        ("black", []),
        ("Desktop 7 Port 2.0 USB Hub", ["desktop", "hub", "port"]),
        ("12 Eggs", ["egg"]),
        ("Privacy filter, 17 inch", ["filter"]),
        ("toner cartridge 2 pieces", ["cartridge", "piece"]),
        ("Bag for laptop", ["bag"]),
        ("Stand for tablet, black", ["stand"]),
        ("Docking station with keyboard", ["station"]),
        ("Hülle für Telefon", ["hulle"]),
        ("Étui pour portable", ["etui"]),
        ("funda para portátil", ["funda"]),
        ("fur coat", ["coat"]),
        ("LAPTOP BAG", ["bag"]),
        ("iPhone 15", ["iphone"]),
        ("嘉頓 生命麵包 14片", ["面包"]),
        ("蜂蜜綠茶500毫升", ["绿茶"]),
        ("a 4 x 250ml", []),
        ("WH-1000XM5", []),
        ("", []),
    ],
)
def test_a_head_noun_is_the_last_word_of_a_name(text: str, found: list[str]) -> None:
    assert nouns(text) == found


@given(st.text(max_size=80))
def test_a_head_noun_is_one_of_the_words_of_any_text(text: str) -> None:
    said = "".join(chunks(folded(text)))
    assert all(noun[:-1] in said or noun[:1] in said for noun in nouns(text))


def test_the_first_nouns_of_title_leaf_and_description_count() -> None:
    found = nouns_of(
        title={"en": "Acme laser mouse, cable, black"},
        category=["Computers", "Pointing devices"],
        description={"en": "Mouse. It has a wheel."},
    )
    assert found == {"mouse", "cable", "device"}


def test_what_is_counted_leaves_its_place_to_the_thing() -> None:
    assert nouns_of(title={"en": "Desktop 7 Port 2.0 USB Hub"}, category=[]) == {"desktop", "hub"}


def test_a_battery_pack_is_a_battery_and_a_service_for_batteries_is_none() -> None:
    wanted = query_terms("external battery")
    pack, service = (
        item_words(content(title={"en": title}, category=[])).counts.keys() & wanted.keys()
        for title in ("External Battery Pack", "External Battery Installation Service")
    )
    assert pack - service == {f"{NOUN_MARK}battery"}
    assert not service - pack


def test_the_brand_is_no_head_noun() -> None:
    assert nouns_of(title={"en": "Acme 900 lamp"}, brand="Acme", category=[]) == {"lamp"}


def test_an_item_that_a_text_is_about_outweighs_one_that_has_the_word() -> None:
    wanted = query_terms("keyboard")
    assert wanted[f"{NOUN_MARK}keyboard"] == HEAD_NOUN_WEIGHT < wanted["keyboard"]
    assert f"{NOUN_MARK}keyboard" in item_words(content(title={"en": "Acme keyboard"})).counts
    assert f"{NOUN_MARK}keyboard" not in item_words(content(title={"en": "Acme keyboard cover"})).counts
