"""The terms of texts: what is written in two ways and means the same has a term in common, what does not has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.contents import content
from workers.words.chunks import CHARACTERS_MAX, chunks, terms
from workers.words.folding import folded
from workers.words.identity import title_term
from workers.words.item import Words, item_words
from workers.words.quantities import number
from workers.words.query import CHUNKS_MAX, FUNCTION_WEIGHT, JOINED_WEIGHT, query_terms
from workers.words.stems import singular


def said(text: str, language: str = "und", **fields: object) -> Words:
    """The words of an item with this title."""
    return item_words(content(title={language: text}, category=[], **fields))


def whole(text: str) -> list[str]:
    """Return the terms of the chunks of a text, without those of their parts."""
    return [term for chunk in chunks(folded(text)) for term in terms(chunk).whole]


def shared(query: str, title: str, language: str = "und") -> set[str]:
    """The terms of full weight by which the query finds the title."""
    wanted = {term for term, weight in query_terms(query).items() if weight >= JOINED_WEIGHT}
    return wanted & said(title, language).counts.keys()


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("iphone 15", "Apple iPhone 15 128GB"),
        ("iphone15", "Apple iPhone 15 128GB"),
        ("500 ml", "Milk 500ml"),
        ("0.5 l", "Milk 500ml"),
        ("0,5 l", "Milk 500 ml"),
        ("50cl", "Milk 500毫升"),
        ("330ml", "Cola 6x330ml"),
        ("60g", "蛋糕 60克x12"),
        ('17"', "Laptop 43.2 cm"),
        ("17 inch", 'Laptop 17"'),
        ("17-inch", "Laptop 17”"),
        ("1.5 kg", "Rice 1500 g"),
        ("2tb", "Disk 2000 GB"),
        ("3.5mm", "Jack 3,5 mm"),
        ("1000 sheets", "Paper 1,000 sheets"),
        ("AB-1234/5", "Toner AB1234/5"),
        ("ab12345", "Toner AB-1234/5"),
        ("ab1234", "Toner AB-1234/5"),
        ("1234", "Toner AB-1234/5"),
        ("wh 1000 xm5", "Sony WH-1000XM5"),
        ("wh1000xm5", "Sony WH-1000XM5"),
        ("tn2110", "Brother TN-2110"),
        ("wifi", "Wi-Fi router"),
        ("wi-fi", "WiFi router"),
        ("wi fi", "WiFi router"),
        ("usb c", "USB-C hub"),
        ("usbc", "USB-C hub"),
        ("note book", "Notebook"),
        ("cafe", "Café crème"),
        ("CAFÉ", "Cafe creme"),
        ("strasse", "Straße"),
        ("mueller", "Müller Milch"),
        ("müller", "Mueller Milch"),
        ("muller", "Müller Milch"),
        ("fine", "ﬁne paper"),
        ("abc123", "ＡＢＣ１２３"),
        ("iphone", "iPhone™ case"),
        ("laptops", "Laptop bag"),
        ("battery", "Batteries"),
        ("boxes", "Box"),
        ("mens shoes", "Men's"),
        ("womens", "Women's shoes"),
        ("childrens", "Children's books"),
        ("ごみ袋", "ゴミ袋 45L"),
        ("らーめん", "味噌ラーメン"),
        ("1 1/2 pipe", 'Brass 1½"'),
        ("2¼ inch", "Steel 2 1/4"),
        ("10kohm", "Resistor 10 kΩ"),
        ("0.1 uf", "Capacitor 100nF"),
        ("2000 mah", "Battery 2Ah"),
        ("1 kwh", "Station 1000Wh"),
        ("25 mcg", "Vitamin D 25 µg"),
        ("70 %", "Cocoa 70%"),
        ("70 percent", "Cocoa 70%"),
        ("5 gallons", "Bucket 5gal"),
        ("final fantasy 7", "VII"),
        ("henry 8", "Henry VIII"),
        ("20000 mah", "Akku 20.000 mAh"),
        ("1,5 kg", "Reis 1,500 kg"),
        ("1000", "1.000 Blatt"),
        ("acdc", "AC/DC Live"),
        ("tshirt", "T Shirt green"),
        ("t-shirts", "T Shirt green"),
        ("usbc", "USB C hub"),
        ("wifi", "Wi Fi router"),
        ("xbox", "X Box game"),
        ("mice", "Optical mouse"),
        ("knives", "Kitchen knife"),
        ("vitamin d", "Vitamin D tablets"),
        ("size m", "Shirt size M"),
        ("m&m", "M&M's peanut"),
        ("at&t", "AT&T phone"),
        ("A++", "Fridge A++"),
        ("c#", "C# in depth"),
        ("麵包", "方面包"),
        ("面包", "方麵包"),
        ("綠茶", "绿茶"),
        ("绿茶", "日本綠茶"),
        ("项链", "珍珠項鍊"),
        ("拉麵", "北海道拉麺"),
        ("2 litros", "Leche 2l"),
        ("500 мл", "Шампунь 0.5 л"),
        ("200 gr", "Café 200g"),
        ("דג שוקולד", "שׁוֹקוֹלָד"),
        ("ラーメン", "味噌ラーメン"),
        ("라면", "신라면"),
        ("กาแฟ", "กาแฟสด"),
    ],
)
def test_what_means_the_same_is_found(query: str, title: str) -> None:
    assert shared(query, title)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("5l", "Bottle 1.5L"),
        ("5mm", "Jack 3.5mm"),
        ("iphone15", "iPhone 14"),
        ("d", "Vitamin C"),
        ("500g", "Milk 600 ml"),
        ("麵包", "綠茶"),
        ("面包", "绿茶"),
        ("京都", "東京"),
        ("mm", "M&M"),
        ("70%", "5* 70s hotel"),
        ("final fantasy 7", "XIII"),
        ("11/2", "Pipe 1½"),
        ("blackwhite", "black/white mug"),
        ("bluemug", "blue mug"),
    ],
)
def test_what_means_something_else_is_not_found(query: str, title: str) -> None:
    assert not shared(query, title)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("片糖400g", "片糖 400克"),
        ("milk 0.5l", "Milk 500 ml"),
        ("paper 1,000", "Paper 1000"),
        ("ice cream 1l", "Ice Cream 1 LT"),
    ],
)
def test_a_title_is_itself_however_its_numbers_and_units_are_written(query: str, title: str) -> None:
    assert title_term(title) == title_term(query) and title_term(query) in query_terms(query)


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("緑茶", "サントリー 伊右衛門 緑茶 600ml"),
        ("ﾇｰﾄﾞﾙ", "日清 カップヌードル"),
        ("ゴミ袋", "東京都指定ゴミ袋 45L"),
        ("라면", "농심 신라면 5개입"),
        ("콜라 355ml", "코카콜라제로 355ml"),
        ("티슈", "물티슈 캡형 100매"),
        ("เนสกาแฟ", "กาแฟสำเร็จรูปเนสกาแฟ"),
        ("ถั่วเหลือง", "นมถั่วเหลืองรสจืด"),
        ("鉛筆", "2B鉛筆 12支"),
    ],
)
def test_a_part_of_a_title_without_blanks_is_wholly_found(typed: str, title: str) -> None:
    assert set(whole(typed)) <= said(title).counts.keys()


@pytest.mark.parametrize(
    ("query", "same", "turned"),
    [
        ("10x20", "Poster 10x20cm", "Poster 20x10cm"),
        ("10 x 20 cm", "Poster 10×20", "Poster 20 x 10 cm"),
        ("10x20x30", "Box 10 x 20 x 30 cm", "Box 30 x 20 x 10 cm"),
        ("6x330ml", "Cola 6 x 330 ml", "Cola 330 x 6 ml"),
    ],
)
def test_the_order_of_dimensions_tells_two_items_apart(query: str, same: str, turned: str) -> None:
    assert len(shared(query, same)) > len(shared(query, turned)) > 0


def test_a_german_title_is_stemmed_in_german_and_an_english_one_keeps_its_words() -> None:
    assert shared("Haus", "Häuser", "de") and not shared("Haus", "Häuser", "en")
    assert not shared("stock", "stockings", "en") and not shared("import", "important", "en")


@pytest.mark.parametrize(
    ("written", "as_one"),
    [
        ("1,5", "1.5"), ("1.50", "1.5"), ("1.0", "1"), ("1,000", "1000"), ("0,999", "0.999"), ("1.000.000", "1000000"),
        ("1.234,50", "1234.5"), ("1,234.50", "1234.5"), ("1.2.3", "1.2.3"), ("007", "007"),
    ],
)  # fmt: skip
def test_a_number_has_one_form(written: str, as_one: str) -> None:
    assert number(written) == as_one


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("5 in 1", ["5", "in", "1"]),
        ("black/white", ["black", "white"]),
        ("1920x1080", ["1920", "1080"]),
        ("4890008100309", ["4890008100309"]),
        ("500 ml 12 pack", ["500ml", "12", "pack"]),
        ("...", []),
        ("", []),
    ],
)
def test_a_text_is_cut_into_what_it_says(text: str, wanted: list[str]) -> None:
    assert whole(text) == wanted


@pytest.mark.parametrize(
    "query", ["the", "with the", "in", "?!", "😀", "- - -", "a", "7", "x" * 1_000, "1" * 1_000, "a-" * 499]
)
def test_any_query_has_terms_or_none_but_no_error(query: str) -> None:
    found = query_terms(query)
    assert bool(found) == any(map(str.isalnum, query))
    assert all(weight > 0 for weight in found.values())


def test_a_function_word_counts_little_but_never_as_the_last_word() -> None:
    assert query_terms("bag for laptop")["for"] == FUNCTION_WEIGHT
    assert query_terms("what is it for")["for"] == query_terms("for")["for"] == 1
    assert query_terms("vitamin a tablets")["a"] == 1, "no letter is a function word"


def test_a_word_that_is_said_twice_counts_twice() -> None:
    assert query_terms("new york new york")["new"] == 2


def test_a_page_of_text_is_looked_up_as_far_as_its_bound() -> None:
    assert len(chunks(folded(" ".join(f"w{n}" for n in range(500))))) == 500
    assert f"w{CHUNKS_MAX - 1}" in query_terms(" ".join(f"w{n}" for n in range(500)))
    assert f"w{CHUNKS_MAX}" not in query_terms(" ".join(f"w{n}" for n in range(500)))


def test_a_title_counts_more_than_a_description_and_both_scripts_count_once() -> None:
    words = item_words(content(title={"en": "cake"}, description={"en": "biscuit"}, category=[]))
    assert words.counts["cake"] == 3 * words.counts["biscuit"] == 3
    assert words.length == 4
    assert said("蛋糕").counts == item_words(content(title={"zh-Hant": "蛋糕", "zh-Hans": "蛋糕"}, category=[])).counts


@given(st.text(max_size=80))
def test_folding_what_is_folded_changes_nothing_that_is_found(text: str) -> None:
    assert chunks(folded(folded(text))) == chunks(folded(text))


@given(st.text(max_size=200))
def test_terms_are_short_and_not_empty(text: str) -> None:
    for chunk in chunks(folded(text)):
        for term in (*terms(chunk).whole, *terms(chunk).parts):
            assert 0 < len(term) <= CHARACTERS_MAX + 8


@pytest.mark.parametrize("characters", range(CHARACTERS_MAX - 2, CHARACTERS_MAX + 3))
def test_a_list_of_part_numbers_has_no_empty_term_wherever_it_is_cut(characters: int) -> None:
    text = ("2613/7260/" * 8)[:characters] + "/c5180"
    assert all(query_terms(text)) and all(said(text).counts)


@given(st.from_regex(r"[A-Z]{2,4}-[0-9]{3,5}(/[0-9]{1,2})?", fullmatch=True))
def test_a_part_number_is_found_whole_run_together_and_by_its_parts(code: str) -> None:
    title = f"Toner {code} black"
    assert shared(code, title) and shared(code.replace("-", "").replace("/", ""), title)
    assert all(shared(part, title) for part in code.replace("/", "-").split("-"))
    assert shared(code.replace("-", " "), title)


@pytest.mark.parametrize(
    "pair",
    [
        *("cookie cookies", "hoodie hoodies", "brownie brownies", "smoothie smoothies", "movie movies"),
        *("calorie calories", "battery batteries", "pie pies", "magpie magpies", "potato potatoes", "tomato tomatoes"),
        *("mango mangoes", "mango mangos", "hero heroes", "photo photos", "shoe shoes", "horseshoe horseshoes"),
        *("toe toes", "canoe canoes", "size sizes", "prize prizes", "axe axes", "headache headaches", "quiche quiches"),
        *("brioche brioches", "mousse mousses", "breeze breezes", "box boxes", "watch watches", "dress dresses"),
        *("brush brushes", "case cases", "house houses", "cheese cheeses", "lens lenses", "bus buses", "gas gases"),
        *("canvas canvases", "iris irises", "quiz quizzes", "kiwi kiwis", "ski skis", "bikini bikinis", "menu menus"),
        *("piece pieces", "sponge sponges", "knife knives", "glove gloves", "glass glasses"),
    ],
)
def test_an_english_plural_finds_its_singular_and_the_other_way_round(pair: str) -> None:
    one, several = pair.split()
    assert singular(one) == singular(several)
    assert shared(one, several) and shared(several, one)


@pytest.mark.parametrize(
    "pair", ["bus bu", "plus plu", "boss bos", "basis basi", "tennis tenni", "lens len", "shoe sho", "pie py", "toe to"]
)
def test_a_word_that_is_no_plural_keeps_its_end(pair: str) -> None:
    one, other = pair.split()
    assert singular(one) != singular(other)


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
def test_the_singular_of_a_singular_is_itself_where_it_has_no_further_s(word: str) -> None:
    once = singular(word)
    assert singular(once) == once or word.endswith("s")
