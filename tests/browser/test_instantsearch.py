"""The page of deploy/instantsearch: InstantSearch widgets over the API of a stack, from a host of its own."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.running_stack import running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.running_stack import RunningStack

FOLDER = Path(__file__).parents[2] / "deploy" / "instantsearch"
LAMPS = (
    ("lamp-1", "Brass desk lamp", "Oak & Co", "Desk", "30.00", True, "red"),
    ("lamp-2", "Steel desk lamp", "Elm", "Desk", "20.00", True, "blue"),
    ("lamp-3", "Paper floor lamp", "Oak & Co", "Floor", "50.00", False, "green"),
)
MARKUP = "<img src=x onerror=window.broken=1>"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """The address of a server of the folder, which is another host to a browser than that of the API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(FOLDER)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, chromium: Browser, pages: str) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("shop"), FRESHLINE_CORS_ORIGINS=pages) as running:
        for product_id, title, brand, level, price, in_stock, color in LAMPS:
            running.send(
                "products",
                product_id,
                title=title,
                brand=brand,
                category=["Lamps", level],
                description=f"A lamp of {title.split()[0].lower()}",
                availability="in_stock" if in_stock else "out_of_stock",
                attributes={"color": color},
            )
            running.send("prices", product_id, price=price, currency="EUR")
        running.send("products", "pot-1", title=f"Teapot {MARKUP}")
        running.send("prices", "pot-1", price="90.00", currency="EUR")
        running.send("reviews", "lamp-1", review_id="r1", rating=5)
        running.until_quiet()
        yield running


@pytest.fixture
def storefront(page: Page, shop: RunningStack, pages: str) -> Page:
    page.goto(f"{pages}/?api={shop.api}&currency=EUR")
    return page


def titles(page: Page, *wanted: str) -> None:
    expect(page.locator("#hits strong")).to_have_text(list(wanted))


def test_a_query_finds_marks_and_counts(storefront: Page) -> None:
    expect(storefront.locator("#hits strong")).to_have_count(2)  # What is in stock, as nothing was asked.
    storefront.locator("#query input").fill("paper lamp")
    titles(storefront, "Paper floor lamp")
    expect(storefront.locator("#hits strong mark")).to_have_text(["Paper", "lamp"])
    expect(storefront.locator("#hits li")).to_contain_text("A lamp of paper")
    expect(storefront.locator("#stats")).to_contain_text("1 result")


def test_markup_in_a_title_is_shown_as_it_was_written(storefront: Page) -> None:
    storefront.locator("#query input").fill("teapot")
    titles(storefront, f"Teapot {MARKUP}")
    assert storefront.evaluate("window.broken") is None


def test_menus_narrow_the_search_and_keep_the_counts_of_their_siblings(storefront: Page) -> None:
    storefront.locator("#query input").fill("lamp")
    expect(storefront.locator("#stats")).to_contain_text("3 results")
    storefront.locator("#brand label", has_text="Oak & Co").click()
    expect(storefront.locator("#stats")).to_contain_text("2 results")
    expect(storefront.locator("#brand .ais-RefinementList-count")).to_have_text(["2", "1"])
    storefront.locator("#category a", has_text="Lamps").click()
    storefront.locator("#category a", has_text="Floor").click()
    titles(storefront, "Paper floor lamp")
    storefront.locator("#category a", has_text="Floor").click()
    storefront.locator("#brand label", has_text="Oak & Co").click()
    storefront.locator("#availability a", has_text="out_of_stock").click()
    titles(storefront, "Paper floor lamp")


def test_several_values_of_a_field_widen_it_and_two_fields_narrow_each_other(storefront: Page) -> None:
    storefront.locator("#query input").fill("lamp")
    storefront.locator("#color label", has_text="red").click()
    titles(storefront, "Brass desk lamp")
    storefront.locator("#color label", has_text="blue").click()
    expect(storefront.locator("#stats")).to_contain_text("2 results")
    expect(storefront.locator("#color .ais-RefinementList-count")).to_have_text(["1", "1", "1"])
    storefront.locator("#brand label", has_text="Elm").click()
    titles(storefront, "Steel desk lamp")
    storefront.locator("#brand label", has_text="Oak & Co").click()
    expect(storefront.locator("#stats")).to_contain_text("2 results")
    expect(storefront.locator("#brand .ais-RefinementList-count")).to_have_text(["1", "1"])


def test_prices_ratings_and_orders(storefront: Page) -> None:
    storefront.locator("#query input").fill("lamp")
    expect(storefront.locator("#price input").first).to_have_attribute("min", "20")
    storefront.locator("#order select").select_option("items_price_asc")
    titles(storefront, "Steel desk lamp", "Brass desk lamp", "Paper floor lamp")
    storefront.wait_for_load_state("networkidle")  # An answer that comes while a person types sets the bounds again.
    storefront.locator("#price input").first.fill("25")
    storefront.locator("#price input").nth(1).fill("45")
    storefront.locator("#price button").click()
    titles(storefront, "Brass desk lamp")
    storefront.locator("#rating a", has_text="4 stars and up").click()
    titles(storefront, "Brass desk lamp")


def test_one_search_answers_all_that_the_widgets_ask_for_the_counts(storefront: Page) -> None:
    storefront.locator("#query input").fill("lamp")
    expect(storefront.locator("#stats")).to_contain_text("3 results")
    asked: list[str] = []
    storefront.on("request", lambda request: asked.append(request.url) if "/search?" in request.url else None)
    storefront.locator("#brand label", has_text="Elm").click()
    titles(storefront, "Steel desk lamp")
    assert len([url for url in asked if "facets=" in url]) == 1, asked


def test_what_the_api_refuses_is_a_sentence_on_the_page(page: Page, shop: RunningStack, pages: str) -> None:
    page.goto(f"{pages}/?api={shop.api}&currency=nonsense")
    expect(page.locator("#problem")).to_contain_text("currency: ")


def test_a_filter_that_freshline_lacks_is_named(storefront: Page) -> None:
    said = storefront.evaluate(
        """async () => {
            const { freshlineSearchClient } = await import("./freshline.js");
            const client = freshlineSearchClient();
            const failing = [
                { facetFilters: ["brand:Elm", "brand:Oak"] }, { facetFilters: ["colour:red"] },
                { numericFilters: ["price>10"] }, { filters: "brand:Elm" },
                { facetFilters: [["brand:Elm", "seller:A"]] }, { facetFilters: ["brand:-Elm"] },
            ];
            return Promise.all(failing.map((params) =>
                client.search([{ indexName: "items", params }]).catch((error) => error.message)));
        }"""
    )
    parts = ("all of several", "no such filter", "by >=", "filters:", "one of several fields", "excludes no")
    assert [part in sentence for part, sentence in zip(parts, said, strict=True)] == [True] * 6


def test_values_of_a_field_are_searched_for(storefront: Page, shop: RunningStack) -> None:
    hits = storefront.evaluate(
        """async (api) => {
            const { freshlineSearchClient } = await import("./freshline.js");
            const client = freshlineSearchClient({ api, always: { currency: "EUR" } });
            const params = { query: "lamp", facetName: "brand", facetQuery: "oa", facetFilters: [["brand:Elm"]] };
            return (await client.searchForFacetValues([{ indexName: "items", params }]))[0].facetHits;
        }""",
        shop.api,
    )
    assert hits == [{"value": "Oak & Co", "count": 2, "highlighted": "Oak & Co"}]
