"""The dashboard while it has no figures, or old ones. The test is its stream, and a stand-in its API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from stream.api.dashboard.models import ChangedPrice, ComingPrice, SaleCalendar
from tests.support.running_commands import serving
from tests.support.snapshots import empty_snapshot
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

STREAM = """
window.opened = 0;
window.EventSource = class extends EventTarget {
  constructor() { super(); window.opened += 1; window.stream = this; this.isOpen = true; }
  close() { this.isOpen = false; }
};
window.tell = ([name, body]) => window.stream.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(body) }));
"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
FRESH = {"events": 1_000, "within": 1_000, "share": 1.0, "budget_left": 1.0}


def snapshot(**more: Any) -> tuple[str, dict[str, Any]]:
    shown = empty_snapshot(1_795_000_000_000).model_dump(mode="json")
    shown["objective"]["windows"] = {"all": dict.fromkeys(("5m", "1h", "1d"), FRESH)}
    return "snapshot", shown | more


@pytest.fixture
def service() -> StandIn:
    return StandIn(vase="Blue vase")


@pytest.fixture
def told(page: Page, service: StandIn) -> Iterator[Page]:
    """The dashboard, which has had a snapshot in which all is fresh, and whose time passes when the test says so."""
    with serving(service) as api:
        page.add_init_script(STREAM)
        page.clock.install()
        page.goto(api)
        expect(page.locator("#verdict")).to_have_text("Not known yet: waiting for the next snapshot.")
        page.evaluate("tell", snapshot())
        expect(page.locator("#verdict")).to_have_text("Yes: 100% of events within 1.0 s.")
        expect(page.locator("#state-text")).to_have_text("Live")
        yield page


def test_while_the_api_has_no_snapshot_the_page_does_not_say_that_all_is_fresh(told: Page) -> None:
    told.evaluate("tell", ["trouble", {"message": "the broker does not answer"}])
    expect(told.locator("#verdict")).to_contain_text("Not known since")
    expect(told.locator("#verdict")).to_contain_text(": the broker does not answer.")
    expect(told.locator("#verdict-said")).to_contain_text("Not known since")
    expect(told.locator("#state-text")).to_contain_text("No figures since")
    expect(told.get_by_role("alert")).to_have_text("The broker does not answer.")
    told.clock.run_for(20_000)
    expect(told.locator("#state-text")).to_contain_text("No figures since")
    told.evaluate("tell", snapshot())
    expect(told.locator("#state-text")).to_have_text("Live")
    expect(told.locator("#verdict-said")).to_have_text("Yes")
    expect(told.get_by_role("alert")).to_be_hidden()


def test_an_api_that_refuses_the_stream_is_not_said_to_be_gone(told: Page) -> None:
    refusal = {"error": {"field": None, "message": "the index worker is starting"}}
    told.route("**/events", lambda route: route.fulfill(status=503, json=refusal))
    told.evaluate("stream.onerror()")
    expect(told.get_by_role("alert")).to_have_text("The index worker is starting.")
    expect(told.locator("#state-text")).to_contain_text("No figures since")
    told.unroute("**/events")
    told.route("**/events", lambda route: route.abort())
    told.clock.run_for(1_000)
    told.evaluate("stream.onerror()")
    expect(told.locator("#state-text")).to_contain_text("The API has not answered since")
    expect(told.get_by_role("alert")).to_contain_text("asks again every second.")
    told.clock.run_for(1_000)
    assert told.evaluate("opened") == 3
    told.evaluate("tell", snapshot())
    expect(told.locator("#state-text")).to_have_text("Live")
    expect(told.get_by_role("alert")).to_be_hidden()


def test_a_trouble_is_a_sentence_with_the_times_of_the_viewer(told: Page) -> None:
    told.evaluate("tell", ["trouble", {"message": "the broker does not answer: does it run, or hang?"}])
    expect(told.get_by_role("alert")).to_have_text("The broker does not answer: does it run, or hang?")
    expect(told.locator("#verdict")).to_contain_text("or hang?")
    expect(told.locator("#verdict")).not_to_contain_text("?.")
    lost = "the broker ended at 2026-11-21T12:00:00.884Z: send again\nit ended at 2026-11-21T13:00:00.000Z"
    told.evaluate("tell", snapshot(log=snapshot()[1]["log"] | {"may_be_missing": lost}))
    told.wait_for_function("document.querySelectorAll('#trouble time').length === 2")
    expect(told.get_by_role("alert")).not_to_contain_text("Z")
    expect(told.get_by_role("alert")).to_contain_text("send again. It ended at")


def test_a_snapshot_that_does_not_come_is_missed_and_what_is_shown_can_still_be_read(told: Page) -> None:
    told.clock.run_for(7_000)
    expect(told.locator("#state-text")).to_contain_text("Stale: the last snapshot is of")
    expect(told.locator("#verdict")).to_contain_text(": no snapshot comes.")
    found = Axe().run(told)
    assert found.violations_count == 0, found.generate_report()


def test_a_paused_page_asks_for_nothing_and_goes_on(told: Page) -> None:
    told.get_by_role("button", name="Pause").click()
    expect(told.locator("#state-text")).to_contain_text("Paused at")
    told.clock.run_for(20_000)
    assert told.evaluate("[opened, stream.isOpen]") == [1, False]
    expect(told.locator("#state-text")).to_contain_text("Paused at")
    told.get_by_role("button", name="Go on").click()
    assert told.evaluate("[opened, stream.isOpen]") == [2, True]
    told.evaluate("tell", snapshot())
    expect(told.locator("#state-text")).to_have_text("Live")


def test_a_tab_that_nobody_sees_holds_no_connection(told: Page) -> None:
    told.evaluate(HIDE, True)
    told.clock.run_for(20_000)
    assert told.evaluate("[opened, stream.isOpen]") == [1, False]
    told.evaluate(HIDE, False)
    assert told.evaluate("[opened, stream.isOpen]") == [2, True]
    expect(told.locator("#verdict")).to_contain_text("waiting for the next snapshot")


def test_a_start_is_said_to_be_one_and_is_no_fault(told: Page) -> None:
    oldest = {"topic": "prices", "seconds": 6.0}
    told.evaluate("tell", snapshot(starting=3, lag_events=5, oldest=oldest))
    expect(told.locator("#verdict")).to_have_text(
        "Starting: no worker has joined 3 partitions yet; up to 5 changes wait."
    )


def test_a_change_that_waits_too_long_says_which_worker_is_to_be_looked_at(told: Page) -> None:
    oldest = {"topic": "reviews", "seconds": 7.3}
    lag = snapshot()[1]["lag"] | {"inputs": {"prices": 200, "reviews": 81}, "items": 1}
    told.evaluate("tell", snapshot(oldest=oldest, lag=lag))
    expect(told.locator("#verdict")).to_have_text(
        "No: a change of reviews has waited 7.3 s. "
        "281 events wait for the items worker, 1 item record for the index worker."
    )
    expect(told.locator("#shares .bad")).to_have_text("7.3 s")


def test_shares_are_never_rounded_up_and_have_thousandths_where_they_matter(told: Page) -> None:
    shares = [1, 0.9999999, 0.999, 0.99123, 0.42893, 0.57, 0]
    words = told.evaluate('(shares) => import("/static/format.js").then((m) => shares.map(m.percent))', shares)
    assert words == ["100%", "99.999%", "99.9%", "99.123%", "42.8%", "57%", "0%"]


def test_a_rebuild_is_told_and_a_click_asks_for_the_collection_before(told: Page) -> None:
    job = {"kind": "rebuild", "state": "running", "phase": "filling", "done": 5_000, "total": 20_000}
    job |= {"items_per_second": 500.0, "seconds_left": 30.0, "error": None, "result": None}
    shown = snapshot()[1]["index"] | {"previous": "items-0", "rebuild": job}
    told.evaluate("tell", snapshot(index=shown))
    expect(told.locator("#rebuild")).to_have_text("A rebuild runs: filling, 5,000 of 20,000, 30 s left.")
    told.on("dialog", lambda dialog: dialog.accept())
    told.get_by_role("button", name="Let the collection before serve again").click()
    expect(told.locator("#rollback-said")).to_have_text("there is nothing to go back to")
    done = job | {"state": "done", "result": {"collection": "items-2"}}
    told.evaluate("tell", snapshot(index=shown | {"collection": "items-2", "rebuild": done}))
    expect(told.locator("#rebuild")).to_have_text("The last rebuild is done.")
    told.evaluate("tell", snapshot(index=shown | {"collection": "items-0", "rebuild": done}))
    expect(told.locator("#rebuild")).to_have_text("The last rebuild is done; the collection before it serves again.")


def test_charts_have_the_last_five_minutes_without_a_line_over_a_pause_and_outlive_a_restart(told: Page) -> None:
    merged, gaps = (
        told.evaluate(f'(given) => import("/static/points.js").then((m) => m.{name}(...given))', given)
        for name, given in (
            ("merged", [[[100, 1], [500, 2], [501, 3]], [[501, 4], [502, 5]]]),
            ("withGaps", [[[500, 2], [501, 3], [600, 4]]]),
        )
    )
    assert merged == [[500, 2], [501, 4], [502, 5]]
    assert gaps == [[500, 2], [501, 3], [502, None], [600, 4]]
    told.locator(".chart summary").first.click()
    for second in range(1, 31):
        told.evaluate("tell", snapshot(at_ms=1_795_000_000_000 + 1_000 * second))
    rows = told.locator("#chart-fresh details tbody tr")
    expect(rows).to_have_count(2)
    told.evaluate("tell", ["points", []])  # Another process answers, which has none yet.
    told.evaluate("tell", snapshot(at_ms=1_795_000_031_000))
    expect(rows).to_have_count(2)


def test_the_sale_calendar_says_how_late_a_price_changed_and_how_many_it_leaves_out(
    told: Page, service: StandIn
) -> None:
    at = "2026-11-21T12:00:00.000Z"
    coming = ComingPrice(product_id="vase", title="Blue vase", at=at, price=1200, then=15.5, currency="EUR")
    changed = ChangedPrice(product_id="other", title="Other vase", price=12, currency="JPY", at=at, late_seconds=0.2)
    service.dashboard.calendar = SaleCalendar(coming=[coming], coming_total=1, changed=[changed], changed_total=70)
    told.get_by_role("button", name="List price changes").click()
    expect(told.locator("#sales-said")).to_have_text(
        "1 price change in the next day, 70 price changes in the last hour (the last 1 shown)."
    )
    rows = told.locator("#sales-list tbody tr")
    expect(rows.first).to_contain_text("1,200.00 EUR")
    expect(rows.first).to_contain_text("15.50 EUR")
    expect(rows.last).to_contain_text("Other vase")
    expect(rows.last).to_contain_text("12 JPY")
    expect(rows.last).to_contain_text("200 ms")


def test_a_query_that_is_refused_does_not_hide_the_life_of_the_product(told: Page) -> None:
    told.get_by_label("product_id").fill("vase")
    told.get_by_role("textbox", name="query").fill("x" * 5_000)
    told.get_by_role("textbox", name="filters").fill("max_price=cheap")
    told.locator("#product-form").evaluate("(form) => form.dispatchEvent(new Event('submit', { cancelable: true }))")
    expect(told.locator("#why [role=alert]")).to_contain_text("Why is not known: ")
    expect(told.locator("#life")).to_contain_text("Its point")
    told.get_by_role("textbox", name="query").fill("vase")
    told.get_by_role("textbox", name="filters").fill("max_price=5&brand=Acme&brand=Bolt")
    told.get_by_role("button", name="Show the product").click()
    filters = told.locator("#why tbody").first
    expect(filters.locator("tr")).to_have_count(2)
    expect(filters).to_contain_text("Acme, Bolt")
