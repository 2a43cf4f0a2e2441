"""Dead letters on the page: repaired and sent back once, also where a second page shows the same one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.support.running_stack import RunningStack


def letter(page: Page, stack: RunningStack, product_id: str) -> Locator:
    """Open the dashboard, list the dead letters of prices, and open that of a product."""
    page.goto(stack.api)
    page.get_by_role("button", name="List dead letters").click()
    found = page.locator("#letters-list details", has_text=product_id).first
    found.locator("summary").click()
    return found


def test_a_letter_is_repaired_and_sent_back_once_by_two_pages(page: Page, stack: RunningStack) -> None:
    stack.send("products", "pan-1", title="Iron pan")
    stack.send("prices", "pan-1", price="cheap", currency="EUR")
    stack.until(lambda: stack.get("/status")["dead_letters"]["prices"] > 0, "the price is refused")
    first, second = letter(page, stack, "pan-1"), letter(page.context.new_page(), stack, "pan-1")
    expect(first.locator("summary")).to_contain_text("price")

    first.locator("textarea").fill('{"product_id": "pan-1", "price": ')
    first.get_by_role("button", name="Send back").click()
    expect(first.locator("p")).to_contain_text("is no JSON")
    first.locator("textarea").fill('{"product_id": "pan-1", "price": "very cheap", "currency": "EUR"}')
    first.get_by_role("button", name="Send back").click()
    expect(first.locator("p")).to_contain_text("would be refused again")

    repaired = '{"product_id": "pan-1", "price": "12.50", "currency": "EUR"}'
    for each, said in ((first, "Sent back to prices."), (second, "was sent back already")):
        each.locator("textarea").fill(repaired)
        each.get_by_role("button", name="Send back").click()
        expect(each.locator("p")).to_contain_text(said)
    stack.until(lambda: stack.item("pan-1")["price"] == 12.5, "the repaired price is searchable")
    sent = [event for event in stack.get("/products/pan-1/life")["events"] if event["topic"] == "prices"]
    assert [event["outcome"] for event in sent] == ["counts", "refused"]


def test_letters_are_counted_by_reason_and_their_text_is_shown_as_it_was_written(
    page: Page, stack: RunningStack
) -> None:
    markup = "<img src=x onerror='window.broken=1'>"
    for _ in range(2):
        stack.send("prices", "cup-1", price=markup, currency="EUR")
    stack.until(lambda: len(stack.get("/dead-letters", topic="prices")["letters"]) >= 2, "both are refused")
    opened = letter(page, stack, "cup-1")
    shown = json.dumps({"product_id": "cup-1", "price": markup, "currency": "EUR"}, indent=2)
    expect(opened.locator("textarea")).to_have_value(shown)
    expect(page.locator("#letters-reasons tbody tr", has_text="price").first).to_contain_text("2")
    assert page.evaluate("window.broken") is None


def test_letters_of_the_item_log_are_shown_without_a_way_to_send_them_and_say_when_they_are_done_with(
    page: Page, stack: RunningStack
) -> None:
    stack.producer.send("items", key=b"odd-1", value=b"no state of an item").get()
    stack.until(lambda: bool(stack.get("/dead-letters", topic="items")["letters"]), "the record is refused")
    page.goto(stack.api)
    page.locator("#letters-form select").select_option("items")
    page.get_by_role("button", name="List dead letters").click()
    found = page.locator("#letters-list details", has_text="odd-1")
    found.locator("summary").click()
    expect(found.locator("textarea")).to_have_value("no state of an item")
    expect(found.locator("p")).to_contain_text("freshline reconcile --repair")
    expect(found.get_by_role("button")).to_have_count(0)

    stack.send("products", "odd-1", title="Odd lamp")
    stack.until(lambda: stack.get("/dead-letters", topic="items")["letters"][0]["superseded"], "it is indexed since")
    page.get_by_role("button", name="List dead letters").click()
    expect(found.locator("p")).to_contain_text("nothing is to be done")
