"""The table of the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADINGS = ("contestant", "figure", "measured")


def print_report(found: dict[str, Any]) -> None:
    """Print all figures on stderr, so that stdout holds the JSON alone."""
    table = Table(*HEADINGS, title=f"Freshline and its peers, {found['machine']}", title_justify="left")
    for name, result in found["results"].items():
        for figure, value in _rows(result):
            table.add_row(name, figure, value)
        table.add_section()
    Console(stderr=True, width=160).print(table)


def _rows(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "version", str(result["version"])
    if "failed" in result:
        yield "failed", result["failed"]
        return
    for rate in result["rates"]:
        where = f"at {rate['offered_per_second']:,.0f} events/s"
        fresh = f"{rate['fresh_p50_ms']:.0f} / {rate['fresh_p99_ms']:.0f} / {rate['fresh_p999_ms']:.0f} ms"
        yield f"{where}: price visible, p50 / p99 / p99.9", f"{fresh}, {rate['unseen']} unseen after 30 s"
        yield f"{where}: search p50 / p95", f"{rate['search_p50_ms']:.0f} / {rate['search_p95_ms']:.0f} ms"
        used = f"{rate['processor_seconds_per_1000']:.3f} s, {rate['memory_mb']:,.0f} MB"
        yield f"{where}: processor time of 1,000 events, memory (PSS)", used
    for name, what in (("prices_at_once", "prices at once"), ("texts_at_once", "new texts at once")):
        flood = result[name]
        used = f"{flood['processor_seconds_per_1000']:.3f} s of processor time for 1,000"
        yield f"{flood['events']:,} {what}", f"{flood['per_second']:,.0f}/s, {used}"
    for name, what in (
        ("wrong", "after all this"),
        ("wrong_after_disorder", "after disorder, repeats and poison"),
        ("wrong_after_kill", "after SIGKILL"),
    ):
        yield f"items that are wrong {what}", f"{result[name]:,}"
    yield "seconds after SIGKILL until all is right or time is over", f"{result['seconds_until_whole']:.1f}"
