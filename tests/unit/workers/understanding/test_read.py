from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.queries import Filters
from workers.understanding.guesses import BRAND, CHEAP, Known
from workers.understanding.phrases import price_between, price_least, price_most
from workers.understanding.prices import CURRENCIES_DIFFER, DENIED, NOT_SOLD_IN
from workers.understanding.read import TEXT_CHARACTERS_MAX, may_name_seller, remaining, understand
from workers.words.identity import COLOR, attribute_term

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SELLERS = {"wellcome": "WELLCOME", "aeon style": "AEON Style"}
HONG_KONG = Known(("HKD",), SELLERS)
MANY = Known(("HKD", "EUR", "USD"), SELLERS, {"notebook", "cheap 500", "嘉顿"})

FRAGMENTS = (
    *("notebook", "手機", "嘉頓 蛋糕", "iphone 15", "under", "over", "between", "and", "to", "from", "by", "WELLCOME"),
    *("Aeon", "Style", "500", "20", "1,500.50", "2.000", "$", "€20", "HK$", "元", "dollars", "以下", "以上", "不超過"),
    *("四星", "4", "stars", "and up", "in stock", "現貨", "cheap", "便宜", "men", "ml", ",", "  ", "\n", "-", "<"),
    *("５００", "ß", "İ", "Ⅷ", "½", "\u200b", "一千", "千", "萬", "零", "1万5", "1,00,000", "k", "이하", "から", "的"),
)
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=9).map(" ".join)) | st.lists(
    st.sampled_from(FRAGMENTS), max_size=9
).map("".join)
catalogues = st.sampled_from([Known(), HONG_KONG, MANY])


def filters(text: str, known: Known = HONG_KONG) -> tuple[str, dict[str, Any]]:
    """Return the words that remain, and the filters of all guesses that are used."""
    understood = understand(text, known)
    used = [guess for guess in understood.guesses if guess.dropped is None]
    return understood.text, {name: value for guess in used for name, value in guess.filters.items()}


@pytest.mark.parametrize(
    ("text", "rest", "asked"),
    [
        ("notebook under 500", "notebook", {"max_price": 500}),
        ("Notebook UNDER 500", "Notebook", {"max_price": 500}),
        ("over 100", "", {"min_price": 100}),
        ("lamp between 20 and 50", "lamp", {"min_price": 20, "max_price": 50}),
        ("lamp between 50 and 20", "lamp", {"min_price": 20, "max_price": 50}),
        ("lamp from 20 to 50 dollars", "lamp", {"min_price": 20, "max_price": 50}),
        ("$20-$50 lamp", "lamp", {"min_price": 20, "max_price": 50}),
        ("lamp under $1,500.50", "lamp", {"max_price": 1500.5}),
        ("lamp under 1.500 HKD", "lamp", {"max_price": 1500}),
        ("lamp < 30", "lamp", {"max_price": 30}),
        ("lamp 100 dollars or more", "lamp", {"min_price": 100}),
        ("laptop under 900, black", "laptop black", {"max_price": 900}),
        ("laptop under 900 with numpad", "laptop with numpad", {"max_price": 900}),
        ("laptop over 100 under 900", "laptop", {"min_price": 100, "max_price": 900}),
        ("手機 2000元以下", "手機", {"max_price": 2000}),
        ("嘉頓 蛋糕 20元以下", "嘉頓 蛋糕", {"max_price": 20}),
        ("嘉頓蛋糕20元以下", "嘉頓蛋糕", {"max_price": 20}),
        ("100元以上", "", {"min_price": 100}),
        ("100以上 蛋糕", "蛋糕", {"min_price": 100}),
        ("耳機 500元至1000元", "耳機", {"min_price": 500, "max_price": 1000}),
        ("耳機不超過500", "耳機", {"max_price": 500}),
        ("５００元以下", "", {"max_price": 500}),
        ("4 stars and up", "", {"min_rating": 4}),
        ("lamp rated 4.5 stars or more", "lamp", {"min_rating": 4.5}),
        ("lamp 4+ stars", "lamp", {"min_rating": 4}),
        ("四星以上", "", {"min_rating": 4}),
        ("蛋糕 4.5星或以上", "蛋糕", {"min_rating": 4.5}),
        ("lamp in stock", "lamp", {"availability": "in_stock"}),
        ("蛋糕 現貨", "蛋糕", {"availability": "in_stock"}),
        ("cake by wellcome", "cake", {"seller": "WELLCOME"}),
        ("cake sold by Aeon  Style under 20", "cake", {"seller": "AEON Style", "max_price": 20}),
        ("laptop under 20 in stock", "laptop", {"max_price": 20, "availability": "in_stock"}),
        ("lamp not over 50", "lamp", {"max_price": 50}),
        ("lamp not under 20", "lamp", {"min_price": 20}),
        ("Lampe nicht über 50", "Lampe", {"max_price": 50}),
        ("Lampe nicht unter 20", "Lampe", {"min_price": 20}),
        ("Lampe nicht mehr als 50", "Lampe", {"max_price": 50}),
        ("Lampe weniger als 50", "Lampe", {"max_price": 50}),
        ("lampe pas plus de 50", "lampe", {"max_price": 50}),
        ("lámpara no más de 50", "lámpara", {"max_price": 50}),
        ("lampada non più di 50", "lampada", {"max_price": 50}),
        ("lampada non meno di 20", "lampada", {"min_price": 20}),
        ("Lampe bis 50 HKD", "Lampe", {"max_price": 50}),
        ("Lampe von 20 - 50 HKD", "Lampe", {"min_price": 20, "max_price": 50}),
        ("lampada sotto 50 HKD", "lampada", {"max_price": 50}),
        ("lámpara máximo 50 HKD", "lámpara", {"max_price": 50}),
        ("手機2000元內", "手機", {"max_price": 2000}),
        ("Lampe ab $20", "Lampe", {"min_price": 20}),
        ("lamp from $20", "lamp", {"min_price": 20}),
        ("lamp from $20 to $50", "lamp", {"min_price": 20, "max_price": 50}),
        ("lamp from WELLCOME from 20 dollars", "lamp", {"seller": "WELLCOME", "min_price": 20}),
        ("lampe moins de 1 299,50 HKD", "lampe", {"max_price": 1299.5}),
        ("laptop under 1 000 HKD 128 gb", "laptop 128 gb", {"max_price": 1000}),
        ("laptop between 1 000 HKD and 2 000 HKD", "laptop", {"min_price": 1000, "max_price": 2000}),
        ("laptop between $1 000 and $2 000", "laptop", {"min_price": 1000, "max_price": 2000}),
        ("water under $50 500 ml", "water 500 ml", {"max_price": 50}),
        ("手機 1.5万以下", "手機", {"max_price": 15000}),
        ("laptop under 500 hong kong dollars", "laptop", {"max_price": 500}),
    ],
)
def test_words_become_the_filters_that_they_stand_for(text: str, rest: str, asked: dict[str, Any]) -> None:
    assert filters(text) == (rest, asked)


MOST = {"max_price": 500}
LEAST = {"min_price": 500}


@pytest.mark.parametrize(
    ("phrases", "asked"),
    [
        (("no higher than", "not higher than", "not greater than", "no more expensive than", "not exceeding"), MOST),
        (("nothing over", "never over", "isn't over", "isn’t more than", "doesn't cost more than"), MOST),
        (("not much over", "without going over", "not to exceed", "max.", "maximum of", "less expensive than"), MOST),
        (("not lower than", "no cheaper than", "nothing under", "not less than", "more expensive than"), LEAST),
        (("keine über", "nie über", "nicht teurer als", "billiger als", "bis maximal", "bis max."), MOST),
        (("nicht billiger als", "nicht günstiger als", "keine unter", "teurer als", "nie unter"), LEAST),
        (("pas plus cher que", "pas plus chère que", "pas au-dessus de", "pas à plus de", "ne dépassant pas"), MOST),
        (("en dessous de", "moins cher que", "inférieur à", "jusqu’à", "à moins de", "au maximum"), MOST),
        (("pas moins cher que", "pas en dessous de", "plus cher que", "au-dessus de", "à partir de"), LEAST),
        (("no más cara que", "por debajo de", "no por encima de", "non più caro di"), MOST),
        (("不高于", "不高於", "不大于", "不多於", "不能超过", "不要超过", "别超过", "唔超過", "未超過"), MOST),
        (("小于", "不到", "至多", "最高", "价格低于"), MOST),
        (("不低于", "不低於", "不少于", "不小于", "不能低于", "大于", "最低", "最少"), LEAST),
    ],
)
def test_a_negation_turns_a_bound_around(phrases: Sequence[str], asked: dict[str, Any]) -> None:
    for phrase in phrases:
        assert (phrase, *filters(f"lamp {phrase} 500")) == (phrase, "lamp", asked)


@pytest.mark.parametrize(
    ("text", "rest", "asked"),
    [
        ("lamp not 500 or more", "lamp", MOST),
        ("灯 不要500以上", "灯", MOST),
        ("灯 不要500以下", "灯", LEAST),
        ("lamp not within 500 euros", "lamp", LEAST),
        ("lampe 500 euro oder weniger", "lampe", MOST),
        ("lampe 500 € et moins", "lampe", MOST),
        ("lampe 500 € maximum", "lampe", MOST),
        ("Lampe von 100 bis 500 euro", "Lampe", {"min_price": 100, "max_price": 500}),
        ("lampe 100 à 500 euros", "lampe", {"min_price": 100, "max_price": 500}),
        ("piles de 2 à 5 euros", "piles", {"min_price": 2, "max_price": 5}),
        ("piles 2 € à 5 €", "piles", {"min_price": 2, "max_price": 5}),
        ("piles entre 2 et 5 euros", "piles", {"min_price": 2, "max_price": 5}),
        ("Batterien 2 bis 5 euro", "Batterien", {"min_price": 2, "max_price": 5}),
        ("piles 2 à 5 euros", "piles 2 à 5 euros", {}),
        ("piles 24 à 5 €", "piles 24 à 5 €", {}),
        ("pilas 24 a 5 euros", "pilas 24 a 5 euros", {}),
        ("piles de 24 à 5 €", "piles de 24 à 5 €", {}),
        ("lot de 4 à 5 €", "lot de 4 à 5 €", {}),
        ("paquete de 4 a 5 euros", "paquete de 4 a 5 euros", {}),
        ("confezione da 4 a 5 euro", "confezione da 4 a 5 euro", {}),
        ("lampada da 20 a 50 euro", "lampada", {"min_price": 20, "max_price": 50}),
        ("maillots de 20 à 50 €", "maillots", {"min_price": 20, "max_price": 50}),
        ("hublots de 20 à 50 €", "hublots", {"min_price": 20, "max_price": 50}),
        ("backpack de 20 a 50 euros", "backpack", {"min_price": 20, "max_price": 50}),
        ("corset 20 à 50 €", "corset", {"min_price": 20, "max_price": 50}),
        ("boîte 20 à 50 €", "boîte", {"min_price": 20, "max_price": 50}),
        ("set 20 a 50 euros", "set", {"min_price": 20, "max_price": 50}),
        ("lot de piles 4 € à 5 €", "lot de piles", {"min_price": 4, "max_price": 5}),
        ("Lampe 50 bis 20 €", "Lampe", {"min_price": 20, "max_price": 50}),
        ("pilas 2 a 5 euros", "pilas 2 a 5 euros", {}),
        ("灯 最高不超过500", "灯", MOST),
        ("耳机最高不超过500", "耳机", MOST),
        ("灯 最低不低于500", "灯", LEAST),
        ("laptop over 100 but not over 500 euros", "laptop", {"min_price": 100, "max_price": 500}),
        ("灯 不低于100不超过500", "灯", {"min_price": 100, "max_price": 500}),
        ("灯 100以上 和 500以下", "灯", {"min_price": 100, "max_price": 500}),
        ("灯 100以上500以下", "灯", {"min_price": 100, "max_price": 500}),
        ("500以下2人用灯", "2人用灯", MOST),
        ("从100到500之间的灯", "灯", {"min_price": 100, "max_price": 500}),
        ("Lampe ab 100 bis 500 Euro", "Lampe", {"min_price": 100, "max_price": 500}),
        ("lamp not under 4 stars", "lamp", {"min_rating": 4}),
        ("Lampe nicht unter 4 Sternen", "Lampe", {"min_rating": 4}),
        ("lampe au moins 4 étoiles", "lampe", {"min_rating": 4}),
        ("灯 不低于4星", "灯", {"min_rating": 4}),
        ("shoes without laces under 500", "shoes without laces", MOST),
        ("no sugar cola under 500", "no sugar cola", MOST),
        ("uhr unter 500,- euro", "uhr", MOST),
    ],
)
def test_bounds_are_read_as_they_are_said_in_each_language(text: str, rest: str, asked: dict[str, Any]) -> None:
    assert filters(text, Known(("EUR",))) == (rest, asked)


RANGE = {"min_price": 100, "max_price": 500}


@pytest.mark.parametrize(
    ("phrases", "asked"),
    [
        (
            ("onder 500", "onder de 500 euro", "minder dan 500", "niet meer dan 500", "tot 500 euro", "maximaal 500"),
            MOST,
        ),
        (
            ("goedkoper dan 500", "500 euro of minder", "até 500", "no máximo 500", "abaixo de 500", "não mais de 500"),
            MOST,
        ),
        (("500 euros ou menos", "do 500 euro", "poniżej 500", "ponizej 500", "mniej niż 500", "najwyżej 500"), MOST),
        (
            ("sous les 500 euros", "de moins de 500", "máximo 500 euros", "maximo 500 euros", "menores de 500 euros"),
            MOST,
        ),
        (("inferior a 500", "debajo de 500", "por debajo de los 500", "a meno di 500", "sotto i 500 euro"), MOST),
        (
            (
                "500 €未満",
                "500 €まで",
                "500 €より安い",
                "500 € 이하",
                "500 €이하",
                "500 € 미만",
                "500 €까지",
                "sub €500",
            ),
            MOST,
        ),
        (("五百以下", "五百 €以下", "不超過五百", "€五百以下"), MOST),
        (("vanaf 500 euro", "boven 500", "meer dan 500", "minstens 500", "acima de 500", "mais de 500"), LEAST),
        (("pelo menos 500", "powyżej 500", "więcej niż 500", "od 500 euro", "co najmniej 500"), LEAST),
        (
            ("mas de 500", "superiores a 500", "mayor a 500", "piu di 500", "a partire da 500", "sopra i 500 euro"),
            LEAST,
        ),
        (("500 € 이상", "500 €より高い", "五百以上", "niet minder dan 500", "nie mniej niż 500"), LEAST),
        (("tussen 100 en 500", "van 100 tot 500 euro", "entre 100 e 500", "de 100 até 500 euros"), RANGE),
        (
            ("między 100 a 500", "od 100 do 500 euro", "fra 100 e 500", "tra i 100 e i 500", "entre los 100 y los 500"),
            RANGE,
        ),
        (("100 €〜500 €", "100 €から500 €", "100 €에서 500 €", "一百到五百 €"), RANGE),
        (("entre 1 000 et 2 000 €", "de 1 000 à 2 000 €"), {"min_price": 1000, "max_price": 2000}),
        (("under 1k", "under 1,000", "less than 1k", "max. 1k", "一千以內", "千 €以下"), {"max_price": 1000}),
        (("under 1,00,000", "under 1 lakh", "十萬以下", "10萬以下", "10만 € 이하"), {"max_price": 100_000}),
        (("一千五百以下", "一千五以下", "1.5k or less", "under 1.5k", "千五以下"), {"max_price": 1500}),
        (("1万5千以下", "1만 5천 € 이하", "1만5000 € 이하", "一萬五以下", "一萬五千以下"), {"max_price": 15_000}),
        (("between 1k and 2k", "from 1k to 2k"), {"min_price": 1000, "max_price": 2000}),
        (
            (
                "星4以上",
                "★4以上",
                "星4つ以上",
                "評価4以上",
                "별점 4점 이상",
                "4 sterren en hoger",
                "minimaal 4 sterren",
            ),
            {"min_rating": 4},
        ),
        (("4 estrelas ou mais", "od 4 gwiazdek", "4 estrellas o mas", "4 stelle e oltre"), {"min_rating": 4}),
        (("4 Sterne oder besser", "4 étoiles minimum", "noté 4 et plus"), {"min_rating": 4}),
        (("op voorraad", "em stock", "em estoque", "在庫あり", "재고 있음"), {"availability": "in_stock"}),
    ],
)
def test_phrases_are_understood_in_the_languages_of_many_shops(phrases: Sequence[str], asked: dict[str, Any]) -> None:
    for phrase in phrases:
        assert (phrase, *filters(f"lamp {phrase}", Known(("EUR",)))) == (phrase, "lamp", asked)


@pytest.mark.parametrize(
    "text",
    [
        *("monitor 4k and up", "gold chain over 14k", "from 4k to 8k", "led 2700k or less", "5k run shoes", "tot 5"),
        *(
            "Spielzeug Kinder unter 12",
            "jouets enfants de plus de 3",
            "juguetes para mayores de 8",
            "兒童3以上",
            "어린이 3 이상",
        ),
        *("speelgoed kinderen boven 3", "brinquedos crianças acima de 3", "zabawki dla dzieci powyżej 3"),
        *("vitamin a", "元氣森林", "百元", "三元牛奶", "千元人氣", "iphone 13 do 15", "od 50", "원두 500원두"),
    ],
)
def test_thousands_and_numerals_without_a_bound_that_they_suit_stay_words(text: str) -> None:
    assert filters(text, Known(("EUR",))) == (text, {})


@pytest.mark.parametrize("text", ["vitamin a under 50", "三星 under 50", "cream d under 50"])
def test_a_letter_or_a_brand_before_a_bound_stays(text: str) -> None:
    assert filters(text, Known(("EUR",))) == (text.removesuffix(" under 50"), {"max_price": 50})


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        *(
            ("100以下的燈", "燈"),
            ("5000以下のランプ", "ランプ"),
            ("最便宜的燈", "燈"),
            ("現貨的燈", "燈"),
            ("100以下 的士", "的士"),
        ),
    ],
)
def test_the_particle_that_ties_a_guess_to_the_next_word_goes_with_it(text: str, rest: str) -> None:
    assert filters(text)[0] == rest


@given(texts)
def test_a_phrase_is_looked_for_wherever_its_pattern_matches(text: str) -> None:
    for phrase in (*price_between(), *price_most(), *price_least()):
        assert [each.span() for each in phrase.finditer(text)] == [
            each.span() for each in phrase.pattern.finditer(text)
        ]


@pytest.mark.parametrize(
    ("amount", "value", "currency"),
    [
        *(("500 czk", 500, "CZK"), ("500 Kč", 500, "CZK"), ("500 zł", 500, "PLN"), ("AED 500", 500, "AED")),
        *(("500 kr", 500, "SEK"), ("500.- CHF", 500, "CHF"), ("CHF 500.-", 500, "CHF"), ("₺500", 500, "TRY")),
        *(("rs 20000", 20000, "INR"), ("Rs.20,000", 20000, "INR"), ("500 rupees", 500, "INR"), ("RM50", 50, "MYR")),
        *(("500 pesos", 500, "MXN"), ("500 roubles", 500, "RUB"), ("500 TL", 500, "TRY"), ("500원", 500, "KRW")),
        *(("500 swiss francs", 500, "CHF"), ("Fr. 500.-", 500, "CHF"), ("1'000.50 CHF", 1000.5, "CHF")),
        *(("€1 000", 1000, "EUR"), ("€ 1 500", 1500, "EUR"), ("€1.5k", 1500, "EUR"), ("2k euros", 2000, "EUR")),
        *(
            ("500块钱", 500, "CNY"),
            ("2千元", 2000, "CNY"),
            ("1.5萬元", 15000, "CNY"),
            ("1.500 kwd", 1.5, "KWD"),
            ("1.500 czk", 1500, "CZK"),
            ("1.500 JPY", 1500, "JPY"),
        ),
    ],
)
def test_a_bound_is_in_any_currency_with_the_decimals_of_it(amount: str, value: float, currency: str) -> None:
    some = ("EUR", "CZK", "PLN", "AED", "SEK", "CHF", "TRY", "CNY", "KWD", "JPY", "INR", "MYR", "MXN", "RUB", "KRW")
    known = Known(some)
    assert filters(f"lamp under {amount}", known) == ("lamp", {"max_price": value, "currency": currency})


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        *(("up to 12 cup coffee maker", None), ("under 50 all cotton", None), ("UP TO 12 CUP COFFEE MAKER", None)),
        *(
            ("under 5 pen", None),
            ("under pen 5", None),
            ("UNDER 50 TRY", None),
            ("HÖCHSTENS 50 TRY", None),
            ("hasta 20 ron", None),
        ),
        *(
            ("coffee up to 12 CUP", "coffee"),
            ("灯 500 TRY 以下", "灯"),
            ("500 TRY以下", ""),
            ("LAMP UNDER 50 EUR", "LAMP"),
        ),
        *(("lamp under PEN 5", "lamp"), ("lamp under 50 cad", "lamp"), ("500 ALL or less", "")),
    ],
)
def test_a_code_that_is_also_a_word_is_a_currency_in_capitals_alone(text: str, rest: str | None) -> None:
    known = Known(("EUR", "CUP", "ALL", "PEN", "TRY", "CAD", "RON"))
    assert filters(text, known)[0] == (text if rest is None else rest)


@pytest.mark.parametrize(
    "text",
    [
        *("cake not by wellcome", "cake not from wellcome", "lamp not over 4 stars", "lamp under 4 stars"),
        *("lamp not between 20 and 50", "lamp not from 20 to 50", "Lampe nicht zwischen 20 und 50"),
        *("tv no max $500", "no minimum $50", "no budget $500", "no $500 max", "kein Maximum 500", "tv no min. 50"),
        *("不太便宜 燈", "唔便宜 燈", "燈 不在100到500", "lamp isn't in stock", "shoes not sony", "shoes not red"),
    ],
)
def test_what_is_denied_and_has_no_opposite_stays_words(text: str) -> None:
    known = Known(("HKD",), SELLERS, {"sony"}, {attribute_term(COLOR, "red"): "color:red"})
    understood = understand(text, known)
    assert understood.text == text
    assert all(guess.dropped == DENIED for guess in understood.guesses)


@pytest.mark.parametrize(
    "text",
    [
        *("特别便宜的灯", "lamp not too expensive", "Lampe nicht teuer", "lampe pas cher", "不贵 灯", "最便宜的灯"),
        *("lampe la moins chère", "lampe le moins cher", "lampade economiche", "goedkope lamp", "tanie lampy"),
        *("安いランプ", "저렴한 램프", "싼 램프", "不要太贵的灯"),
    ],
)
def test_what_is_not_expensive_is_cheap(text: str) -> None:
    assert [guess.boost for guess in understand(text, HONG_KONG).guesses] == [CHEAP]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "iphone 15",
            "iphone 15 pro",
            "nike air max 90",
            "iphone 15 pro max 256",
            "Schuhe von 38 bis 42",
            "under armour",
            "size 42",
            "500 ml",
            "water under 500 ml",
            "tv over 55 inch",
        ),
        *("ssd over 500gb", "multivitamin for men over 50", "toy 3 to 5 years", "玩具 3歲以上", "gift card 100元"),
        *("over 50s", "dumbbell under 20 pounds", "5 star hotel", "20-50", "cake by Garden", "by", "lamp from"),
        *("stocking", "under 5 minutes", "wh-1000xm5", "v1.5 over", "between 2 worlds", "100% cotton", "6x330ml"),
        *("under 0", "cheap", "現", "phone < 5g", "Splitter 1->2"),
        *("Schuhe bis 42", "Hose ab 50", "lampada da 20 HKD", "phone under 1 000", "rs 232 to 485", "RS550-775"),
    ],
)
def test_model_names_sizes_and_ages_stay_words(text: str) -> None:
    assert filters(text) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        *("lamp not in stock", "Lampe nicht auf Lager", "lampe pas en stock", "lámpara no en stock", "沒有現貨 燈"),
        *("没现货 灯", "無現貨", "lamp not cheap", "Lampe nicht billig", "不便宜 燈"),
    ],
)
def test_what_is_denied_is_not_asked_for(text: str) -> None:
    assert understand(text, HONG_KONG).guesses == ()


def test_cheap_is_a_boost_and_no_filter() -> None:
    understood = understand("cheap lamp", HONG_KONG)
    assert (understood.text, [(guess.boost, guess.filters) for guess in understood.guesses]) == ("lamp", [(CHEAP, {})])


RATED_4, SMALL = {"min_rating": 4}, {"max_price": 50}


@pytest.mark.parametrize(
    ("phrases", "asked"),
    [
        (
            ("rating above 4", "rated 4 or higher", "rating 4 and up", "with a rating of 4 or more", "rating 4+"),
            RATED_4,
        ),
        (("rating not under 4", "Bewertung über 4", "mit Bewertung ab 4", "note supérieure à 4"), RATED_4),
        (("note d'au moins 4", "valoración de más de 4", "評分4以上", "評分高於4", "评价4分以上"), RATED_4),
        (("with a price under 50", "that cost less than 50", "costing under 50", "Preis unter 50"), SMALL),
        (("d'un prix inférieur à 50", "precio menos de 50", "that isn't over 50", "(under 50)", "under 50!"), SMALL),
        (("and under 50", "under 50.", "under $50?", "under 50 HKD."), SMALL),
        (
            ("over 20 and under 50", "over 20, and under 50", "über 20 und unter 50"),
            {"min_price": 20, **SMALL},
        ),
        (("in stock and under 50", "in stock, under 50"), {"availability": "in_stock", **SMALL}),
    ],
)
def test_words_that_tie_a_guess_to_the_rest_go_with_it(phrases: Sequence[str], asked: dict[str, Any]) -> None:
    for phrase in phrases:
        assert (phrase, *filters(f"lamp {phrase}")) == (phrase, "lamp", asked)
        assert (phrase, *filters(phrase)) == (phrase, "", asked)


@pytest.mark.parametrize(
    ("text", "rest", "asked"),
    [
        ("vitamin e under 50", "vitamin e", SMALL),
        ("vitamin a and under 50", "vitamin a", SMALL),
        ("fisher price under 50", "fisher price", SMALL),
        ("grand prix under 50", "grand prix", SMALL),
        ("queen size under 50", "queen size", SMALL),
        ("top rated under 50", "top rated", SMALL),
        ("in stock yoyo under 50", "yoyo", {"availability": "in_stock", **SMALL}),
        ("lamp under 50 and with usb", "lamp and with usb", SMALL),
        ("shoes size 10 or less", "shoes size 10 or less", {}),
        ("鞋 尺碼42以上", "鞋 尺碼42以上", {}),
        ("headphones rating below 3", "headphones rating below 3", {}),
        ("galaxy note 4 or more", "galaxy note 4 or more", {}),
        ("case for iphone 15 and up", "case for iphone 15 and up", {}),
        ("windows 10 or higher", "windows 10 or higher", {}),
        ("rtx 3060 or higher", "rtx 3060 or higher", {}),
        ("Android 10 oder mehr", "Android 10 oder mehr", {}),
        ("SPF 50以上 防曬", "SPF 50以上 防曬", {}),
        ("度數500以下 眼鏡", "度數500以下 眼鏡", {}),
        ("laptop 900 or less", "laptop", {"max_price": 900}),
        ("手機 1000以上", "手機", {"min_price": 1000}),
    ],
)
def test_words_that_belong_to_the_rest_stay_there(text: str, rest: str, asked: dict[str, Any]) -> None:
    assert filters(text) == (rest, asked)


@pytest.mark.parametrize(
    ("text", "asked", "dropped"),
    [
        ("lamp under 500", {"max_price": 500}, CURRENCIES_DIFFER),
        ("lamp under $500", {"max_price": 500}, CURRENCIES_DIFFER),
        ("lamp under £500", {"max_price": 500}, NOT_SOLD_IN),
        ("lamp under HK$500", {"max_price": 500, "currency": "HKD"}, None),
        ("lamp under 500 euros", {"max_price": 500, "currency": "EUR"}, None),
    ],
)
def test_where_prices_are_in_several_currencies_a_bound_needs_one(
    text: str, asked: dict[str, Any], dropped: str
) -> None:
    understood = understand(text, MANY)
    (guess,) = understood.guesses
    assert (guess.filters, guess.dropped) == (asked, dropped)
    assert understood.text == (text if dropped else "lamp")


@pytest.mark.parametrize(
    ("text", "asked", "dropped"),
    [
        ("lamp under 500 usd", {"max_price": 500, "currency": "USD"}, None),
        ("lamp under $500", {"max_price": 500, "currency": "USD"}, None),
        ("lamp under 500 euros", {"max_price": 500}, None),
        ("lamp under 500", {"max_price": 500}, None),
        ("lamp under £500", {"max_price": 500}, NOT_SOLD_IN),
    ],
)
def test_a_currency_of_offers_alone_is_one_that_a_bound_may_be_in(
    text: str, asked: dict[str, Any], dropped: str | None
) -> None:
    (guess,) = understand(text, Known(("EUR",), offered=("EUR", "USD"))).guesses
    assert (guess.filters, guess.dropped) == (asked, dropped)


def test_a_sign_that_means_several_currencies_means_the_one_that_the_catalogue_has() -> None:
    assert filters("lamp under $500", Known(("EUR", "HKD"))) == ("lamp", {"max_price": 500, "currency": "HKD"})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Sony headphones under 50", ["Sony", "under 50"]),
        ("headphones under 50 sony", ["under 50", "sony"]),
        ("cheap monday jeans", ["cheap monday"]),
        ("嘉頓 蛋糕 20元以下", ["嘉頓", "20元以下"]),
        ("sony", []),
        ("sonys headphones", []),
    ],
)
def test_a_brand_beside_other_words_is_a_boost_and_its_words_stay(text: str, named: list[str]) -> None:
    understood = understand(text, Known(("HKD",), brands={"sony", "cheap monday", "嘉顿"}))
    assert [text[guess.start : guess.end] for guess in understood.guesses] == named
    assert all(text[guess.start : guess.end] in understood.text for guess in understood.guesses if guess.boost == BRAND)


def test_a_text_that_was_pasted_is_not_understood() -> None:
    text = "under 500 " * (TEXT_CHARACTERS_MAX // 10 + 1)
    assert filters(text) == (text, {}) and not may_name_seller(text)


@given(texts, catalogues)
def test_no_character_of_a_query_is_lost(text: str, known: Known) -> None:
    understood = understand(text, known)
    used = [guess for guess in understood.guesses if guess.takes_words]
    pieces = [text[guess.start : guess.end] for guess in used]
    kept = sorted("".join([understood.text, *pieces]))
    lost = [char for char in sorted(text) if char not in " \t\r\n,;"]
    assert [char for char in kept if char not in " \t\r\n,;"] == lost
    assert understood.text in (text, remaining(text, used))


@given(texts, catalogues)
def test_what_remains_is_not_understood_any_further(text: str, known: Known) -> None:
    once = understand(text, known)
    again = understand(once.text, known)
    assert again.text == once.text
    assert not any(guess.takes_words for guess in again.guesses) or once.text == text


@given(texts, catalogues)
def test_guesses_do_not_overlap_and_are_filters_that_a_search_accepts(text: str, known: Known) -> None:
    guesses = understand(text, known).guesses
    assert all(one.end <= other.start for one, other in pairwise(guesses))
    for guess in guesses:
        assert 0 <= guess.start < guess.end <= len(text)
        Filters(**guess.filters)
        assert guess.filters or guess.boost


@given(texts)
def test_a_catalogue_in_one_currency_never_needs_a_currency_filter(text: str) -> None:
    assert all("currency" not in guess.filters for guess in understand(text, HONG_KONG).guesses)
