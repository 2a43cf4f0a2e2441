"""The table of the comparison, in Markdown. As a command it reads the JSON of `make bench-peers` from stdin."""

from __future__ import annotations

import sys
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = tuple[str, Callable[["Result"], str]]

Result = dict[str, Any]

FLOODS = {
    "mix_at_once": "events of the mix at once",
    "prices_at_once": "prices at once",
    "texts_at_once": "new texts at once",
    "after_disorder": "events with late ones, repeats and poison at once",
}


def markdown(found: Result) -> str:
    """Return a table with a line for each figure and a column for each contestant."""
    results = found["results"]
    lines = [
        ["", *results],
        ["---"] * (len(results) + 1),
        ["version", *(result["version"] for result in results.values())],
        *([label, *(_said(cell, result) for result in results.values())] for label, cell in _rows(results)),
        ["broke off", *(result.get("failed", "-") for result in results.values())],
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(results: dict[str, Result]) -> list[Row]:
    rates = sorted({rate["offered_per_second"] for result in results.values() for rate in result.get("rates", [])})
    rows: list[Row] = []
    for offered in rates:
        rows += _rate_rows(f"at {offered:,.0f} events/s", partial(_at, offered))
    rows += _rate_rows("new texts only, at 25/s", itemgetter("texts_at_rate"))
    for name, what in FLOODS.items():
        rows.append((f"{what}: events, a second", partial(_rate_of, name)))
        rows.append((f"{what}: processor seconds per 1,000", partial(_cost_of, name)))
    rows.append(("right after disorder, repeats and poison", lambda result: _right(result["after_disorder"])))
    rows.append(("right after SIGKILL, seconds until whole", _after_kill))
    return rows


def _rate_rows(where: str, rate_of: Callable[[Result], Result]) -> list[Row]:
    def row(what: str, text: str) -> Row:
        return f"{where}: {what}", lambda result: _held(rate_of(result), text.format(**rate_of(result)))

    return [
        row("visible, p50 / p99 / p99.9, ms", "{fresh_p50_ms:,.0f} / {fresh_p99_ms:,.0f} / {fresh_p999_ms:,.0f}"),
        row("search, p50 / p95, ms", "{search_p50_ms:,.0f} / {search_p95_ms:,.0f}"),
        row("processor seconds per 1,000", "{processor_seconds_per_1000:.2f}"),
        row("memory (PSS), MB; seconds behind at the end", "{memory_mb:,.0f}; {behind_seconds:.1f}"),
    ]


def _said(cell: Callable[[Result], str], result: Result) -> str:
    """Return the text of a cell, and a dash for what was not measured."""
    try:
        return cell(result)
    except (KeyError, StopIteration):
        return "-"


def _at(offered: float, result: Result) -> Result:
    return next(rate for rate in result["rates"] if rate["offered_per_second"] == offered)


def _held(figure: Result, text: str) -> str:
    """Return the text, unless the index was not the fold afterwards: then the figure is refused."""
    return f"refused: {_wrong(figure)}" if figure["wrong"] else text


def _rate_of(name: str, result: Result) -> str:
    flood = result[name]
    return f"{flood['events']:,}: " + _held(flood, f"{flood['per_second']:,.0f}")


def _cost_of(name: str, result: Result) -> str:
    return _held(result[name], f"{result[name]['processor_seconds_per_1000']:.3f}")


def _right(flood: Result) -> str:
    return f"**wrong**: {_wrong(flood)}" if flood["wrong"] else "yes"


def _after_kill(result: Result) -> str:
    after = result["after_kill"]
    return _right(after) + ("" if after["wrong"] else f", {after['seconds_until_whole']:.1f}")


def _wrong(figure: Result) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in figure["wrong"].items())


if __name__ == "__main__":
    sys.stdout.write(markdown(orjson.loads(sys.stdin.buffer.read())) + "\n")
