"""The live search page over a stand-in: how often it asks, what it keeps, and what it says while nothing answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from schemas.answers import SearchableAt
from tests.support.running_commands import serving
from tests.support.standing_in import NOW, StandIn
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

LATER = "2026-11-21T12:00:09.000Z"
PERIOD_MS = 500
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00"
    b"\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
def service() -> StandIn:
    return StandIn(vase="Blue vase", other="Red vase")


@pytest.fixture
def live(page: Page, service: StandIn) -> Iterator[Page]:
    """A live page, whose time passes when the test says so."""
    service.items["vase"]["image_link"] = "https://pictures.example/good.png"
    service.items["other"]["image_link"] = "https://pictures.example/gone.png"
    page.route("https://pictures.example/good.png", lambda route: route.fulfill(content_type="image/png", body=PIXEL))
    page.route("https://pictures.example/gone.png", lambda route: route.fulfill(status=404))
    with serving(service) as api:
        page.clock.install()
        page.goto(f"{api}/search-page?q=vase&live=true")
        yield page


def asked_again(page: Page, service: StandIn) -> None:
    """Let one period pass, and wait until the page has asked."""
    before = len(service.asked)
    page.clock.run_for(PERIOD_MS)
    wait_until(lambda: len(service.asked) > before, "the page asks again")


def test_the_page_asks_often_enough_to_show_a_change_within_a_second(live: Page, service: StandIn) -> None:
    for _ in range(4):
        asked_again(live, service)
    live.get_by_label("live").uncheck()
    live.clock.run_for(PERIOD_MS)
    asked = len(service.asked)
    live.clock.run_for(10 * PERIOD_MS)
    assert len(service.asked) == asked, "a person can stop it"


def test_a_change_flashes_and_what_has_the_focus_keeps_it(live: Page, service: StandIn) -> None:
    row = live.locator("#hits li", has_text="Blue vase")
    link = row.get_by_role("link", name="its life, and why it is here")
    link.focus()
    service.items["vase"] |= {"price": 7.25, "searchable_at": SearchableAt(product=NOW, price=LATER, reviews=None)}
    service.items = dict(reversed(service.items.items()))
    asked_again(live, service)
    expect(row.locator(".price").first).to_have_text("7.25 HKD")
    expect(live.locator("#hits li.flash")).to_have_count(1)
    live.emulate_media(reduced_motion="reduce")
    flash = "(row) => [getComputedStyle(row).animationName, getComputedStyle(row).outlineStyle]"
    assert live.locator("#hits li.flash").evaluate(flash) == ["none", "solid"]
    expect(live.locator("#hits h2").first).to_contain_text("Red vase")
    expect(link).to_be_focused()


def test_a_page_waits_for_a_change_of_its_hits_and_asks_no_more_often_for_one_that_it_does_not_show(
    live: Page, service: StandIn
) -> None:
    asked_again(live, service)
    wait_until(lambda: bool(service.watched), "the page waits for a change")
    ids, since_ms, wait_ms = service.watched[-1]
    assert (ids, since_ms) == (["vase", "other"], round(datetime.fromisoformat(NOW).timestamp() * 1000))
    assert 0 < wait_ms <= PERIOD_MS
    service.changed = [True]
    wait_until(lambda: not service.changed, "the page is told of a change")
    told = len(service.watched)
    for _ in range(3):
        asked_again(live, service)
    assert len(service.watched) == told
    service.items["vase"] |= {"searchable_at": SearchableAt(product=NOW, price=LATER, reviews=None)}
    wait_until(lambda: len(service.watched) > told, "the page waits for the next change")


def test_the_page_says_since_when_nothing_answers_and_that_its_hits_are_old(live: Page, service: StandIn) -> None:
    service.away = True
    asked_again(live, service)
    expect(live.locator("#found")).to_contain_text("The API has not been able to search since")
    expect(live.locator("#hits.old li")).to_have_count(2)
    service.away = False
    live.clock.run_for(PERIOD_MS)
    asked_again(live, service)
    expect(live.locator("#found")).to_contain_text("2 items")
    expect(live.locator("#hits.old")).to_have_count(0)


def test_a_hit_has_its_picture_offers_and_rating_and_one_that_does_not_load_leaves_no_hole(
    live: Page, service: StandIn
) -> None:
    row = live.locator("#hits li", has_text="Blue vase")
    expect(row.locator("img")).to_be_visible()
    expect(row).to_contain_text("rated 4.5 in 2 reviews")
    expect(row.locator("table tr")).to_contain_text("WELLCOME")
    expect(live.locator("#hits img")).to_have_count(1)
    asked_again(live, service)
    expect(live.locator("#hits img")).to_have_count(1)
