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
