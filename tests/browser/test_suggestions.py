"""Suggestions on the search page: by keyboard and by mouse, as a combobox, from the catalogue as it is now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.support.running_stack import RunningStack


@pytest.fixture
def shop(stack: RunningStack) -> RunningStack:
    stack.send("products", "kettle-1", title="Steel kettle")
    stack.send("products", "kettle-2", title="Kettle <b>& co</b>")
    stack.send("products", "stool-1", title="Steel stool")
    stack.until_quiet()
    return stack


def test_a_query_is_completed_by_the_keyboard(page: Page, shop: RunningStack) -> None:
    page.goto(f"{shop.api}/search-page")
    box = page.get_by_role("combobox", name="Search")
    box.press_sequentially("stee")
    first = page.locator("#suggestions").get_by_role("option").first
    expect(first).to_have_text("steel")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("stee")
    box.press("ArrowDown")
    expect(first).to_be_visible()
    box.press("ArrowUp")
    expect(page.locator("#suggestions").get_by_role("option").last).to_have_attribute("aria-selected", "true")
    box.press("Home")
    box.press("ArrowDown")
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url(re.compile("/search-page[?]q=steel(&|$)"))
    expect(page.locator("#hits li", has_text="Steel kettle")).to_be_visible()


def test_a_product_is_picked_by_the_mouse_and_markup_in_its_title_is_text(page: Page, shop: RunningStack) -> None:
    page.goto(f"{shop.api}/search-page")
    page.get_by_role("combobox", name="Search").press_sequentially("kett")
    page.locator("#suggestions").get_by_role("option", name="Kettle <b>& co</b>").click()
    expect(page.locator("#hits h2").first).to_have_text("Kettle <b>& co</b>")


def test_what_was_delisted_a_moment_ago_is_not_suggested(page: Page, shop: RunningStack) -> None:
    shop.send("products", "rattan-1", title="Rattan rocker")
    shop.until_quiet()
    page.goto(f"{shop.api}/search-page")
    box = page.get_by_role("combobox", name="Search")
    box.press_sequentially("rattan ro")
    expect(page.locator("#suggestions").get_by_role("option").first).to_have_text("rattan rocker")
    shop.send("products", "rattan-1", op="delete")
    shop.until_quiet()
    box.fill("rattan r")
    expect(page.get_by_role("listbox")).to_be_hidden()
    assert shop.get("/suggest", q="rattan")["queries"] == []


def test_the_page_offers_what_was_meant_and_the_search_as_typed(page: Page, shop: RunningStack) -> None:
    page.goto(f"{shop.api}/search-page?q=kettel")
    expect(page.locator(".relaxed")).to_contain_text("these are the hits for 'kettle'")
    expect(page.locator("#hits li").first).to_contain_text("ettle")
    page.get_by_role("link", name="Search for the words as typed").click()
    expect(page.locator("#did-you-mean a")).to_have_text("kettle")
    page.locator("#did-you-mean a").click()
    page.wait_for_url("**/search-page?q=kettle")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend_in_an_open_list(chromium: Browser, shop: RunningStack, scheme: str) -> None:
    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(f"{shop.api}/search-page?q=stele+kettle+under+5")
    box = page.get_by_role("combobox", name="Search")
    box.fill("stee")
    box.press("ArrowDown")
    expect(page.locator("#suggestions").get_by_role("option").first).to_be_visible()
    found = Axe().run(page)
    context.close()
    assert found.violations_count == 0, found.generate_report()
