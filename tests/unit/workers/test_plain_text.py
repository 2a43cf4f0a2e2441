"""The plain text of an item has no markup, and no values that are numbers, times or addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.contents import content
from workers.document import document, normalised
from workers.embedder.interface import ModelId
from workers.plain_text import attribute_texts, plain
from workers.words.item import item_words

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL = ModelId("m", "1", 2)
CHANGING = [
    "99", "-3", "10.99", "1,299.00", "10.99 EUR", "EUR 10.99", "$5", "12 %", "2026-11-29T10:00:00Z", "2026-11-29",
    "10:30", "2026-11-29 10:00:00.123 +08:00", "https://shop.example/p?id=1", "//cdn.example/x.png", "www.x.example",
    "gid://shopify/Product/1", "d41d8cd98f00b204e9800998ecf8427e", "6f1b7c3e-4d0a-5c57-9a53-0f7b8f6d2c11",
    "true", "no",
    "1e9", "1.5E-3", "１２", "２０２６-11-29", "2026/11/29", "11/29/2026", "29.11.2026", "29/11/2026 10:00",
    "10:30 PM",
    "2026-01-31Z", "2026-W48", "2026-W48-7", "PT10M", "P3DT4H", "2026-11-29T10:00:00Z/2026-12-01T10:00:00Z",
    "2026-11-29/P3D", "Sun Nov 29 10:00:00 UTC 2026", "Sun Nov 29 10:00:00 2026", "\u0663\u0665",
    "\u0967\u096f.\u096f",
    "2026-11\u200b-29", "1;2;3", "12.5|13", "stock@shop.example", "tel:+4912345", "/media/a.jpg", "../img/a.png",
    "n/a", "N/A", "-", "***", "sha256:d41d8cd98f00b204e980", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J",
    "US$ 5", "HK$12.50", "NT$1,299", "R$ 10", "12.-", "99,-", "CHF 5.–", "5 zł", "5 kr", "1.299,00 Kč", "₹500",
    "1200円", "Rs. 500",
    "20261129T080000Z", "20261129T0800", "2026年11月29日", "29. November 2026", "29 août 2026", "3 hours ago",
    "an hour ago", "yesterday", "cdn.shop.example/a/b.jpg?v=17", "front.jpg", "manual.pdf",
    "2026-11-29T10:00:00+0800", "Sun, 29 Nov 2026 10:00:00 GMT", "29 November 2026", "Nov 29, 2026 10:00 AM",
    "in 3 days", "Ships in 2 hours", "ships within 24 hours", "3 days left", "ends in 02:13:44",
    "sale ends in 1 hour 5 minutes",
    "tomorrow", "delivery tomorrow", "Delivery by Tuesday, 3 Dec", "last updated 5 minutes ago",
    "Updated: 2026-11-29", "3h ago",
    "vor 3 Tagen", "in 2-3 Werktagen", "lieferbar in 2-3 Tagen", "Lieferzeit 2 bis 3 Tage", "heute", "il y a 3 jours",
    "dans 3 jours", "livraison en 24h", "hace 3 días", "3天前", "3小時內", "2天内发货", "今天", "3 Dec 10:00",
    "Tue, Dec 3", "11/29/26 10:00", "10am", "updated 3 Dec", "ends: 11/29/26", "ships after 3 days", "available now",
    "3个月前", "ships in 2 d", "3 d left", "5 m ago", "1个月后发货", "6年內送达", "just 3 left", "solo 3 pezzi",
    "sold 10 times", "明天送达", "今日發貨", "ships monday",
    "3. März 2026", "2 février 2026", "3 settembre 2026", "Friday, March 13 2026", '"5e1f3d88"', '"67ab43-5d414:gzip"',
    "only 3 left", "3 left in stock", "12 sold", "nur noch 3 Stück", "Noch 3 auf Lager", "plus que 3 en stock",
    "剩余3件",
    "4.5 out of 5", "4.5/5", "4.5 stars", "1,234 reviews", "(123)", "★ 4.5", "5 people are viewing this", "stock: 12",
    "#1", "# 12", "In stock: 14", "in stock (14)", "Lager: 5", "在庫: 5", "库存：5", "剩余库存: 5",
    "已售1000+件", "1万+人付款",
    "Only 1 left!", "Nur noch 2 !", "1.2k sold", "3x in cart", "20 in carts", "10 of 20 left", "12 people watching",
    "12K+ bought in past month", "5 offers from $12", "4.5 ★ (120)",
    "★★★★☆", "Price: 12.99", "Preis 12,99 €", "价格：12",
    "ETA: 2 days", "today only",
    "available in 14 d", "available in 2 w", "available in 30 s", "verfügbar in 3 d", "available: 3 d",
    "Verfügbar in 3 D",
    "20% off", "save $5", "was $5", "ab 5 €", "5 € / kg", "1,99 €/100g", "12.99 EUR/kg",
    "2026-11-29 10:00:00 +0000 UTC", "2026-11-29T10:00+01:00[Europe/Paris]", "/Date(1795941000000)/",
    "Sun Nov 29 2026 10:00:00 GMT+0100 (CET)", "2-7051cbe5c8faecd085a3fa619e6e6337", 'W/"5e1f3d88"',
    ",".join(map(str, range(2133, 2160))), "01ARZ3NDEKTSV4RRFFQ69G5FAV", "clh3am8yq000008l60zqj9k3v",
]  # fmt: skip
WORDS = [
    "red", "12 kg", "5.5 inches", "Size 42", "3-in-1", "USB-C", "0.5 mm lead", "24 LED", "A4", "10W-40", "not 5",
    "May 5 ml", "1/2 inch", "16:9 wide", "2026 edition", "12e", "24/7", "March 2026",
    "P3 filter", "PT", "and/or", "size S/M", "a@b", "W48", "sha256", "pro", "5+",
    "12 ft", "kr 5 mm", "R2-D2", "A$AP", "5 XYZ", "No. 5/6 thread", "U.S./EU plug", "jpg to print",
    "8 days clock", "black/white",
    "4.5 (37)", "60/m", "#5 brown", "Wow!", "price tag", "in stock photo", "12 m available", "3 x 5", "shopping cart",
    "24 hours", "2 years", "24 months warranty", "0-3 months", "3 in 1", "in 3 colours", "cooks in 3 minutes",
    "dries in 2 hours",
    "delivered in 3 parts", "5 left-handed", "3 for 2", "12 pcs", "Monday", "5 stars hotel", "1/2 m",
    "only wool", "from oak",
    "24 markers", "Mario 64", "Mark 4", "Janome 12", "Energizer 2", "Octave 12", "Abrasive 80", "Mars 12", "Dec 3",
    "Solo 3", "Just 4", "10 times", "within 10 m", "sous 5 m", "in 5 m", "fra 3 m", "dans 10 s",
    "available in 10 m", "available in 8 W", "en 2 d", "in 8 w",
    "28/30/32", "52/18/14", "10/12/14", "8/10/12", '"Midnight"', '"Handmade"', 'W/"Midnight"', '"Route66"',
    "after 6 months", "6个月后", "3年内", "NOW", "Model 12 mayfair 2026", "Mario 64, 2026",
    "samsung-galaxy-s24-ultra-256gb", "within 24 hours of light", "16:9 cinema", "save the sea", "100% off-white",
]  # fmt: skip


@pytest.mark.parametrize("value", CHANGING)
def test_a_number_a_time_or_an_address_says_nothing_also_as_text(value: str) -> None:
    assert list(attribute_texts({"stock_quantity": value, "nested": [value, {"inner": value}]})) == []


@pytest.mark.parametrize("value", WORDS)
def test_words_with_numbers_in_them_say_something(value: str) -> None:
    assert list(attribute_texts({"feature": value})) == [value]


@pytest.mark.parametrize("name", ["_rev", "_dlt_id", "_airbyte_raw_id", "_etag"])
def test_what_a_database_says_about_its_row_is_no_word(name: str) -> None:
    attributes: dict[str, object] = {name: "V1StGXR8", "inner": {name: "V1StGXR8", "colour": "red"}}
    assert list(attribute_texts(attributes)) == ["red"]


def test_the_digits_of_a_part_number_are_words() -> None:
    assert list(attribute_texts({"mpn": "6204", "model_number": "27", "SKU": "00123"})) == ["00123", "27", "6204"]
    assert list(attribute_texts({"Barcode": "4006381333931", "Art.-Nr.": "77", "mpns": ["6205", "6206"]})) == [
        "77",
        "4006381333931",
        "6205",
        "6206",
    ]


def test_nested_values_that_are_kept_as_json_say_their_words_alone_cut_or_not() -> None:
    text = (
        '[{"id":1,"title":"Red / S","price":"10.99","at":"2026-11-29T10:00:00Z"},{"title":"Blue / M","url":"http://x"'
    )
    assert list(attribute_texts({"variants": text + "}]"})) == ["Red / S", "Blue / M"]
    assert list(attribute_texts({"variants": text})) == ["Red / S", "Blue / M"]


@given(st.integers(0, 999), st.sampled_from(["stock_quantity", "price", "views"]))
def test_stock_as_text_never_changes_the_text_of_an_item(number: int, name: str) -> None:
    items = [content(attributes={"colour": "red", name: str(each)}) for each in (number, number + 1)]
    assert document(items[0], MODEL) == document(items[1], MODEL)
    assert item_words(items[0]) == item_words(items[1])


MARKUP: Mapping[str, str] = {
    '<p>Oak <strong>frobnicate</strong>wood&nbsp;top</p><p class="wumbotext">x</p>': "Oak frobnicatewood top x",
    "<ul><li>Red</li><li>Blue</li></ul>": "Red Blue",
    "AT&amp;T &#8364;5": "AT&T €5",
    "x<y mug, a > b": "x<y mug, a > b",
    "5 < 6 & 7 > 3": "5 < 6 & 7 > 3",
    "<script>alert(1)</script>Lamp<style>p{color:red}</style>": "Lamp",
    "one<br/>two": "one two",
    "R&D": "R&D",
}


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_no_part_of_a_text_and_no_sign_is_taken_for_it(text: str) -> None:
    assert normalised(plain(text)) == MARKUP[text]
    said = document(content(description={"en": text}), MODEL).text
    assert said == f"Cake\n{MARKUP[text]}"


def test_a_word_is_found_whatever_is_hidden_in_it() -> None:
    titles = ["Schrau\u00adben\u00adzieher", "Schrauben\u200bzieher", "\ufeffSchrauben\u2060zieher"]
    titles += [f"Schrauben{hidden}zieher" for hidden in "\u061c\u180e\u202a\u2066\u034f\ufe0f\U000e0041"]
    said = {document(content(title={"de": title}), MODEL).fingerprint for title in titles}
    assert said == {document(content(title={"de": "Schraubenzieher"}), MODEL).fingerprint}
    for title in titles:
        assert item_words(content(title={"de": title})) == item_words(content(title={"de": "Schraubenzieher"}))


def test_the_digits_of_every_script_are_the_same_words() -> None:
    for title in ("\u0663\u0665 lamp", "\uff13\uff15 lamp", "\u0969\u096b lamp"):
        assert item_words(content(title={"en": title})) == item_words(content(title={"en": "35 lamp"}))


@given(st.text(max_size=60), st.recursive(st.text(max_size=20), lambda inner: st.lists(inner, max_size=3)))
def test_any_text_has_a_document(text: str, value: object) -> None:
    item = content(title={"en": text}, attributes={text[:5]: value})
    assert document(item, MODEL) == document(item, MODEL)
    item_words(item)
