"""The table of the comparison says what was measured, and refuses what a wrong index gave."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.peers.report import markdown

FLOOD = {"events": 1_000, "per_second": 250.0, "processor_seconds_per_1000": 0.5, "wrong": {}}


def table(**result: Any) -> dict[str, str]:
    """Return the second column of the table of one contestant by the first."""
    lines = markdown({"results": {"peer": {"version": "1.0", **result}}}).splitlines()
    return {label.strip(): value.strip() for label, value in (line.strip("| ").rsplit(" | ", 1) for line in lines[2:])}


def test_a_figure_of_an_index_that_is_the_fold_is_shown() -> None:
    assert table(prices_at_once=FLOOD)["prices at once: events, a second"] == "1,000: 250"


def test_a_figure_of_an_index_that_is_not_the_fold_is_refused() -> None:
    shown = table(prices_at_once=FLOOD | {"wrong": {"price": 12}})
    assert shown["prices at once: events, a second"] == "1,000: refused: 12 price"
    assert shown["prices at once: processor seconds per 1,000"] == "refused: 12 price"


def test_who_is_wrong_afterwards_is_marked() -> None:
    shown = table(
        after_disorder=FLOOD | {"wrong": {"reviews": 3}}, after_kill={"wrong": {}, "seconds_until_whole": 8.61}
    )
    assert shown["right after disorder, repeats and poison"] == "**wrong**: 3 reviews"
    assert shown["right after SIGKILL, seconds until whole"] == "yes, 8.6"


def test_who_breaks_off_is_named_with_the_error_and_keeps_the_figures_before_it() -> None:
    shown = table(mix_at_once=FLOOD, failed="FreshlineError: it does not start: no module named quix")
    assert shown["broke off"] == "FreshlineError: it does not start: no module named quix"
    assert shown["events of the mix at once: events, a second"] == "1,000: 250"
    assert shown["prices at once: events, a second"] == "-"
