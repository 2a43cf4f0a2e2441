"""Suggestions over every index backend, with the vocabulary as the writers keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schemas.suggestions import SuggestRequest
from tests.support.index_backends import BACKENDS, content, opened, put
from workers.search.suggest import POINTS_READ, Suggested, suggest, typed
from workers.vocabulary.vocabulary import Vocabulary
from workers.vocabulary.words import catalogue_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index


class Shop:
    def __init__(self, index: Index) -> None:
        self.index, self.vocabulary, self.version = index, Vocabulary(), 0

    async def put(self, product_id: str, title: Any, **fields: Any) -> None:
        self.version += 1
        whole = content(product_id, title, **fields)
        await put(self.index, whole, self.version)
        self.vocabulary.put(product_id, self.version, catalogue_words(whole))

    async def suggest(self, text: str, *languages: str, limit: int = 5) -> Suggested:
        return await suggest(self.index, self.vocabulary, SuggestRequest(q=text, limit=limit), languages or ("en",))

    async def products(self, text: str) -> list[str]:
        return [product.product_id for product in (await self.suggest(text)).products]


@pytest.fixture(params=BACKENDS)
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    async with opened(request.param) as index:
        made = Shop(index)
        await made.put("cake", "Chocolate cake")
        await made.put("bar", "Chocolate bar 500 g")
        await made.put("lamp", "Brass desk lamp", brand="Choral")
        await made.put("bread", {"en": "Garden bread", "zh-Hant": "嘉頓 麵包"})
        yield made


async def test_a_prefix_is_completed_from_the_words_of_the_catalogue(shop: Shop) -> None:
    found = await shop.suggest("cho")
    assert found.queries[:2] == ["chocolate", "choral"]
    assert {"chocolate cake", "chocolate bar"} < set(found.queries)
    assert {product.product_id for product in found.products} == {"cake", "bar", "lamp"}


@pytest.mark.parametrize(
    ("text", "queries", "products"),
    [
        ("chocolate c", ["chocolate cake"], ["cake"]),
        ("Chocolate  C", ["Chocolate  cake"], ["cake"]),
        ("chocolate ", ["chocolate bar", "chocolate cake"], ["bar", "cake"]),
        ("desk l", ["desk lamp"], ["lamp"]),
        ("choc x", [], []),
        ("?", [], []),
        (" ", [], []),
    ],
)
async def test_each_further_word_narrows_what_is_suggested(
    shop: Shop, text: str, queries: list[str], products: list[str]
) -> None:
    found = await shop.suggest(text)
    assert found.queries == queries
    assert sorted(product.product_id for product in found.products) == products


@pytest.mark.parametrize("text", ["usb c", "usbc", "usb-c h", "sony usb c", "sony wh1000", "sony wh 1", "WH-10"])
async def test_a_compound_is_suggested_however_its_parts_are_typed(shop: Shop, text: str) -> None:
    await shop.put("phones", "Sony WH-1000XM5 USB-C headphones")
    assert await shop.products(text) == ["phones"]


async def test_a_number_is_completed_behind_the_word_that_it_belongs_to(shop: Shop) -> None:
    await shop.put("a", "Apple iPhone 15 Pro 128 GB")
    await shop.put("b", "Case for iPhone 15")
    await shop.put("c", "iPhone 14 with 5 cases")
    assert (await shop.suggest("iphone 1")).queries == ["iphone 15", "iphone 14"]
    assert (await shop.suggest("apple iphone 15 p")).queries == ["apple iphone 15 pro"]
    assert (await shop.suggest("chocolate bar 5")).queries == ["chocolate bar 500 g"]
    assert (await shop.suggest("iphone 5")).queries == [], "the 5 is of the cases"


async def test_a_word_that_a_title_says_twice_is_typed_twice(shop: Shop) -> None:
    await shop.put("pie", "Choco Pie (Apple Pie)")
    assert await shop.products("choco pie apple pi") == ["pie"]
    assert await shop.products("pie choco choc") == []


async def test_a_word_that_no_title_has_suggests_the_products_of_its_category(shop: Shop) -> None:
    for number in range(POINTS_READ):
        await shop.put(f"ham{number:02}", "Ham", category=["Food", "Chilled food"])
    assert set(await shop.products("chilled")) < {f"ham{number:02}" for number in range(POINTS_READ)}
    assert len(await shop.products("chilled f")) == 5
    assert await shop.products("chilled x") == []


async def test_items_with_many_completions_do_not_hide_the_one_with_the_words_before() -> None:
    async with opened("edge") as index:
        made = Shop(index)
        completions = [f"r{letter}y" for letter in "abcdfghijklmnopq"]
        for number in range(POINTS_READ + 1):
            await made.put(f"bag{number}", "Canon EOS bag")
            await made.put(f"other{number}", " ".join(completions[number % 8 :][:8]))
        await made.put("camera", "Canon EOS rebel")
        found = await made.suggest("canon eos r")
        assert (found.queries, [each.product_id for each in found.products]) == (["canon eos rebel"], ["camera"])


async def test_chinese_is_completed_in_the_script_of_its_title_from_both_scripts(shop: Shop) -> None:
    for text in ("嘉", "嘉頓 麵", "嘉顿 面", "麵包"):
        (product,) = (await shop.suggest(text, "zh")).products
        assert (product.product_id, product.title) == ("bread", "嘉頓 麵包")
    assert (await shop.suggest("嘉")).queries[0] == "嘉頓"
    assert (await shop.suggest("嘉顿 面")).queries == ["嘉顿 麵包"]


async def test_a_product_is_shown_by_the_first_language_whose_title_has_what_was_typed(shop: Shop) -> None:
    assert [product.title for product in (await shop.suggest("gard", "zh", "en")).products] == ["Garden bread"]


async def test_a_delisted_item_is_not_suggested_and_a_listed_one_is(shop: Shop) -> None:
    await shop.put("cake", "Chocolate cake", status="delisted")
    assert await shop.products("chocolate ") == ["bar"]
    assert (await shop.suggest("cak")) == Suggested([], [])
    await shop.put("new", "Zebra carpet")
    assert (await shop.suggest("zeb")).queries[0] == "zebra" and await shop.products("zeb") == ["new"]


async def test_a_product_that_another_process_has_delisted_is_not_suggested(shop: Shop) -> None:
    """The vocabulary of this process still has its words; the index decides."""
    await put(shop.index, content("cake", "Chocolate cake", status="delisted"), 99)
    assert await shop.products("chocolate c") == []


async def test_no_more_than_asked_is_suggested(shop: Shop) -> None:
    found = await shop.suggest("cho", limit=1)
    assert (len(found.queries), len(found.products)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("choc", ("", (), "choc")),
        ("chocolate ca", ("chocolate ", ("chocolate",), "ca")),
        ("chocolate ", ("chocolate ", ("chocolate",), "")),
        ("嘉頓 麵", ("嘉頓 ", ("嘉顿",), "面")),
        ("  ", ("  ", (), "")),
    ],
)
def test_what_was_typed_is_whole_words_and_the_one_that_may_go_on(text: str, parts: tuple[Any, ...]) -> None:
    assert typed(text) == parts
