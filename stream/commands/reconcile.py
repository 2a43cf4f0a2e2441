"""`freshline reconcile`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from stream.commands import options
from stream.commands.exits import NOT_FRESH, interruptible

if TYPE_CHECKING:
    from stream.client.clients import Client
    from stream.runtime.jobs import JobReport

EXAMPLES_SHOWN_MAX = 3


class _Reconcile(NamedTuple):
    """A comparison, as `follow` starts it and asks how far it is."""

    stack: Client
    repair: bool

    def start(self) -> JobReport:
        return self.stack.start_reconcile(repair=self.repair)

    def report(self) -> JobReport:
        return self.stack.reconcile()


def reconcile(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Publish the state of wrong items again, then compare once more.")
    ] = False,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Compare the index with the item state: what is missing, a ghost, stale, wrong.

    Exit 10: something is, after the repair with --repair.
    """
    from stream.commands.configured import client
    from stream.commands.following import follow
    from stream.runtime.printing import print_json
    from workers.clock import SystemClock

    stack = client(api, changes=repair)
    with interruptible(lambda: f"it goes on in the running stack; GET {stack.api}/reconcile says how far it is"):
        result = follow(_Reconcile(stack, repair), quiet=json, clock=SystemClock())
    if json:
        print_json(result)
    else:
        _print_result(result)
    if (result["left"] or result["found"])["faults"]:
        raise typer.Exit(NOT_FRESH)


def _print_result(result: dict[str, Any]) -> None:
    from stream.runtime.printing import counted, say

    _print_table(result["found"])
    say(f"{counted(result['items'], 'item')} in the log, {result['points']:,} in the index, {result['seconds']:.1f} s")
    if result["left"] is None:
        return
    say(f"repaired: {counted(result['repaired'], 'item')} published again")
    if result["left"]["faults"]:
        say("still wrong:")
        _print_table(result["left"])


def _print_table(look: dict[str, Any]) -> None:
    from rich.table import Table

    from stream.runtime.printing import stdout_console

    shown = Table(box=None, pad_edge=False)
    for column, justify in (("outcome", "left"), ("items", "right"), ("such as", "left")):
        shown.add_column(column, justify=justify)  # type: ignore[arg-type]
    for outcome, count in look["outcomes"].items():
        if count:
            shown.add_row(outcome.replace("_", " "), f"{count:,}", _examples(look["examples"].get(outcome, [])))
    stdout_console().print(shown)


def _examples(examples: list[dict[str, str]]) -> str:
    lines = [": ".join(filter(None, (each["product_id"], each["detail"]))) for each in examples[:EXAMPLES_SHOWN_MAX]]
    return "\n".join(lines)
