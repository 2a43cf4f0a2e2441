"""The life of one product on the page, and why a query finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.support.running_stack import RunningStack

MARKUP = '<img src=x onerror="window.broken=1">'


def test_the_life_of_a_product_shows_a_late_and_a_repeated_event_and_why_they_lost(
    page: Page, stack: RunningStack
) -> None:
    stack.send("products", "jar-1", title=f"Honey jar {MARKUP}", updated_at="2026-01-01T10:00:00Z")
    new = {"price": "9.00", "currency": "EUR", "updated_at": "2026-01-03T10:00:00Z"}
    new |= {"sale_price": "8.50", "sale_starts_at": "2026-01-03T08:30:00Z"}
    token = stack.send("prices", "jar-1", **new)
    stack.send("prices", "jar-1", price="8.00", currency="EUR", updated_at="2026-01-02T10:00:00Z")
    stack.send("prices", "jar-1", **new)
    stack.send("prices", "jar-1", price="cheap")
    stack.until_quiet()
    page.goto(f"{stack.api}/?product=jar-1&q=honey+xylophone")
    events = page.locator("#life table").first.locator("tbody tr")
    expect(events).to_have_count(5)
    expect(events.filter(has_text="refused")).to_contain_text("never")
    expect(events.nth(1)).to_contain_text("by ")
    expect(events.nth(0)).to_contain_text(f"title/und = Honey jar {MARKUP}")
    expect(events.nth(1)).to_contain_text(f"older than the upsert of 2026-01-03 10:00:00 ({token})")
    expect(events.nth(1).locator("time").first).to_have_attribute("datetime", "2026-01-02T10:00:00.000Z")
    expect(events.nth(2)).to_contain_text("sale_starts_at = 2026-01-03 08:30:00")
    expect(events.filter(has_text="repeated")).to_contain_text(f"repeats {token}")
    expect(events.filter(has_text="refused")).to_contain_text("price")
    expect(page.locator("#life")).to_contain_text("visible")
    expect(page.get_by_role("row", name="left out by a limit")).to_contain_text("nothing")
    why = page.locator("#why")
    expect(why).to_contain_text("It is number 1 of")
    expect(why).to_contain_text("Its texts do not have: xylophone.")
    assert page.evaluate("window.broken") is None


def test_a_phone_shows_the_whole_life_without_scrolling_sideways(page: Page, stack: RunningStack) -> None:
    stack.send("products", "cup-9", title="Enamel cup of a long name, so that its field has several lines on a phone")
    stack.until_quiet()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{stack.api}/?product=cup-9")
    events = page.get_by_role("table", name="Events, in the order of their stamps")
    expect(events.get_by_role("row")).to_have_count(2)  # The names of the columns, and the event.
    expect(events.get_by_role("cell", name="products:")).to_have_count(1)
    assert events.evaluate("(table) => table.scrollWidth <= table.parentElement.clientWidth")


def test_a_product_that_was_never_heard_of_is_a_sentence(page: Page, stack: RunningStack) -> None:
    page.goto(stack.api)
    page.get_by_label("product_id").fill("never")
    page.get_by_role("button", name="Show the product").click()
    expect(page.locator("#product-said")).to_have_text("no item never was ever heard of")


def test_the_picture_of_a_life_is_taken(page: Page, stack: RunningStack, pictures: Path) -> None:
    tin = {"product_id": "tin-1", "currency": "EUR"}
    stack.send("products", "tin-1", title="Cake tin, round, 24 cm", brand="Acme", updated_at="2026-11-02T09:00:00Z")
    stack.send("prices", **tin, price="12.90", updated_at="2026-11-20T06:00:00Z")
    stack.send("prices", **tin, price="14.90", updated_at="2026-11-09T06:00:00Z")
    stack.send("prices", **tin, price="9.90", seller="market", updated_at="2026-11-12T06:00:00Z")
    stack.send("reviews", "tin-1", review_id="r1", rating=5, updated_at="2026-11-21T18:30:00Z")
    stack.until_quiet()
    page.set_viewport_size({"width": 1280, "height": 2400})  # The header, which stays on top, covers nothing.
    page.goto(f"{stack.api}/?product=tin-1&q=round+cake+tin&max_price=20")
    expect(page.locator("#life")).to_contain_text("older than")
    page.evaluate("document.querySelectorAll('#life > :not(.scroll)').forEach((each) => each.remove())")
    page.locator("#life > .scroll").last.evaluate("(point) => point.remove()")
    page.locator("#product").screenshot(path=pictures / "life.png")
    assert (pictures / "life.png").stat().st_size > 10_000
