"""The dashboard at /: what it shows of a running stack, and what it says while there is none."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.catalogue import send_catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page, ViewportSize

    from tests.support.running_stack import RunningStack

DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 320, "height": 640}


def opened(page: Page, stack: RunningStack) -> Page:
    """Open the dashboard, and wait for its first snapshot."""
    page.goto(stack.api)
    expect(page.locator("#state-text")).to_have_text("Live")
    return page


def test_events_are_counted_by_topic_and_stage_without_a_reload(page: Page, stack: RunningStack) -> None:
    opened(page, stack)
    send_catalogue(stack)
    row = page.locator("#stages tbody tr", has_text="prices")
    expect(row).to_be_visible()
    expect(row.locator(".bar i")).to_have_count(4)
    expect(page.locator("#verdict")).to_contain_text("of events within")
    expect(page.locator("#flow tbody tr", has_text="prices").locator("td").nth(1)).not_to_have_text("0")
    expect(page.locator("#index")).to_contain_text("fake")


def test_a_table_stands_behind_every_chart(page: Page, stack: RunningStack) -> None:
    opened(page, stack)
    for chart in page.locator(".chart").all():
        chart.locator("summary").click()
        expect(chart.locator("details tbody tr").first).to_be_visible()


def test_the_page_says_that_the_api_is_gone_and_comes_back_by_itself(page: Page, stack: RunningStack) -> None:
    opened(page, stack)
    stack.kill("index")
    expect(page.locator("#verdict")).to_contain_text("Not known since")
    expect(page.get_by_role("alert")).to_have_text("The index worker is starting: /readyz says when it is ready.")
    expect(page.locator("#state-text")).to_have_text("Live")
    expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/?product=lamp-1&q=lamp", "/search-page?q=lamp"])
def test_axe_finds_nothing_to_mend(
    chromium: Browser, stack: RunningStack, path: str, scheme: Literal["light", "dark"], viewport: ViewportSize
) -> None:
    send_catalogue(stack)
    stack.send("prices", "lamp-1", price="cheap")
    context = chromium.new_context(color_scheme=scheme, reduced_motion="reduce", viewport=viewport)
    page = context.new_page()
    page.goto(stack.api + path)
    if path.startswith("/?"):
        _show_everything(page)
    found = Axe().run(page)
    assert viewport is not PHONE or fits(page)
    context.close()
    assert found.violations_count == 0, found.generate_report()


def fits(page: Page) -> bool:
    """Return whether nothing is wider than the window or than its part of it, so that nobody scrolls sideways."""
    parts = "[document.documentElement, ...document.querySelectorAll('.scroll')]"
    fits: bool = page.evaluate(f"{parts}.every((part) => part.scrollWidth <= part.clientWidth)")
    return fits


def _show_everything(page: Page) -> None:
    """Open all that the dashboard shows on request: the life of a product, dead letters, sales, tables of charts."""
    expect(page.locator("#state-text")).to_have_text("Live")
    expect(page.locator("#index")).to_contain_text("a search showed the last change after")  # The canary's line.
    expect(page.locator("#life")).to_contain_text("Its point")
    page.get_by_role("button", name="List dead letters").click()
    expect(page.locator("#letters-list")).to_contain_text("price")
    page.locator("#sales-show").click()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    expect(page.locator(".chart details tbody tr").first).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/search-page?q=lamp"])
def test_a_phone_shows_the_page_without_scrolling_sideways(page: Page, stack: RunningStack, path: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(stack.api + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert fits(page)


def test_the_picture_of_the_dashboard_is_taken(page: Page, stack: RunningStack, pictures: Path) -> None:
    opened(page, stack)
    # The embedded broker takes some seconds to give the workers their partitions. One event waits for it, not all.
    stack.send("products", "first-1", title="Walnut cake, the first of the day")
    stack.until_quiet()
    send_catalogue(stack)
    expect(page.locator("#stages .bar").first).to_be_visible()
    expect(page.locator("#plans")).to_contain_text("this model does not measure its processor time")
    if os.environ.get("IMAGES"):
        for _ in range(60):  # Charts with something on them, and so many events that one late one is within the budget.
            send_catalogue(stack)
            page.wait_for_timeout(500)
    page.screenshot(path=pictures / "dashboard.png", full_page=True)
    assert (pictures / "dashboard.png").stat().st_size > 10_000


def test_the_sale_calendar_shows_what_will_change_without_an_event(page: Page, stack: RunningStack) -> None:
    starts = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    stack.send("products", "sale-1", title="Lamp on sale soon")
    stack.send("prices", "sale-1", price="20.00", currency="EUR", sale_price="15.00", sale_starts_at=starts)
    stack.until_quiet()
    page.goto(stack.api)
    page.locator("#sales-show").click()
    row = page.locator("#sales-list tr", has_text="Lamp on sale soon")
    expect(row).to_contain_text("20.00 EUR")
    expect(row).to_contain_text("15.00 EUR")
