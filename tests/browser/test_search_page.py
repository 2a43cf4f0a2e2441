"""The search page: ages in words, changes without a reload, and whatever a feed may hold as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.running_stack import RunningStack

MARKUP = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'


def test_a_price_change_is_on_the_page_without_a_reload_and_its_row_flashes(page: Page, stack: RunningStack) -> None:
    stack.send("products", "vase-1", title="Blue vase")
    stack.send("prices", "vase-1", price="10.00", currency="EUR")
    stack.until_quiet()
    page.goto(f"{stack.api}/search-page?q=vase&live=true")
    row = page.locator("#hits li", has_text="Blue vase")
    expect(row.locator(".price").first).to_have_text("10.00 EUR")
    expect(row).to_contain_text(" ago")
    stack.send("prices", "vase-1", price="11.50", currency="EUR")
    expect(row.locator(".price").first).to_have_text("11.50 EUR")
    expect(page.locator("#hits li.flash", has_text="Blue vase")).to_be_visible()


def test_a_title_full_of_markup_is_shown_as_it_was_written(page: Page, stack: RunningStack) -> None:
    stack.send("products", "evil-1", title=f"Teapot {MARKUP}", brand=MARKUP, link="javascript:window.broken=1")
    stack.until_quiet()
    page.goto(f"{stack.api}/search-page?q=teapot")
    expect(page.locator("#hits h2").first).to_have_text(f"Teapot {MARKUP}")
    assert page.evaluate("window.broken") is None


def test_the_page_marks_what_matched_and_says_what_it_understood(page: Page, stack: RunningStack) -> None:
    stack.send("products", "globe-1", title="Glass globe", description=f"A globe of glass {MARKUP}")
    stack.send("prices", "globe-1", price="10.00", currency="EUR")
    stack.until_quiet()
    page.goto(f"{stack.api}/search-page?q=glass+globe+under+50")
    row = page.locator("#hits li", has_text="Glass globe")
    expect(row.locator("h2 mark")).to_have_text(["Glass", "globe"])
    expect(row.locator(".excerpt mark")).to_have_text(["globe", "glass"])
    expect(page.locator("#understood q")).to_have_text("under 50")
    assert page.evaluate("window.broken") is None
    page.get_by_role("link", name="Search for the words as typed").click()
    page.wait_for_url("**understand=false")
    expect(page.locator("#understood")).to_have_count(0)


def test_a_facet_narrows_the_search_to_as_many_items_as_it_says(page: Page, stack: RunningStack) -> None:
    for number, brand in enumerate(("Oak & Co", "Oak & Co", "Elm")):
        stack.send("products", f"stool-{number}", title=f"Garden stool {number}", brand=brand, category=["Seats"])
        stack.send("prices", f"stool-{number}", price=f"{30 - 10 * number}.00", currency="EUR")
    stack.until_quiet()
    page.goto(f"{stack.api}/search-page?q=garden+stool")
    expect(page.locator("#found")).to_contain_text("3 items")
    page.locator("summary", has_text="Brand").click()
    page.locator("#facets a", has_text="Oak & Co").click()
    expect(page.locator("#found")).to_contain_text("2 items")
    expect(page.locator("#facets a[aria-current=true]")).to_have_text("Oak & Co")
    page.get_by_label("Order").select_option("price_asc")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#hits h2")).to_have_text(["Garden stool 1 20.00 EUR", "Garden stool 0 30.00 EUR"])
    page.locator(".chosen").click()
    expect(page.locator("#found")).to_contain_text("3 items")


def test_the_counts_of_a_live_page_follow_the_catalogue_and_what_is_open_stays_open(
    page: Page, stack: RunningStack
) -> None:
    stack.send("products", "bench-1", title="Park bench", brand="Oak")
    stack.until_quiet()
    page.goto(f"{stack.api}/search-page?q=park+bench&live=true")
    page.locator("summary", has_text="Brand").click()
    brand = page.locator("#facets li", has_text="Oak")
    expect(brand).to_have_text("Oak 1")
    page.locator("h1").click()
    stack.send("products", "bench-2", title="Park bench", brand="Oak")
    expect(brand).to_have_text("Oak 2")
    expect(brand).to_be_visible()
