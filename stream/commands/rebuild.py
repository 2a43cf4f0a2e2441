"""`freshline rebuild`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from stream.commands import options

if TYPE_CHECKING:
    from stream.client.clients import Client
    from stream.runtime.jobs import JobReport

GOES_ON = "it goes on in the running stack; `freshline status` says how far it is"


class _Rebuild(NamedTuple):
    """A rebuild, as `follow` starts it and asks how far it is."""

    stack: Client
    model: str | None
    dry_run: bool

    def start(self) -> JobReport:
        return self.stack.start_rebuild(model=self.model, dry_run=self.dry_run)

    def report(self) -> JobReport:
        return self.stack.rebuild()


def rebuild(
    *,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|DIR",
            help="The model of the new vectors; else the one that FRESHLINE_MODEL names to `up`, or the present one.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the differences and the cost.")] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the collection before the last one.")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Drop the collection before the last one: changes are written once.")
    ] = False,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Fill a new index from the item log while search goes on, check it, and let it serve.

    Both indexes take every change until --finish or the next rebuild, so --rollback is as fresh. If the stack is killed
    half way, it goes on with the rebuild at its next start. Ctrl-C ends this command, not the rebuild.
    """
    from schemas.errors import WrongUsage
    from stream.commands.configured import client
    from stream.commands.exits import interruptible
    from stream.commands.following import follow
    from stream.runtime.printing import print_json
    from workers.clock import SystemClock

    if sum((dry_run, rollback, finish)) > 1:
        raise WrongUsage("--dry-run, --rollback and --finish are different things: give one")
    if model is not None and (rollback or finish):
        raise WrongUsage("--model is of a new index: --rollback and --finish make none")
    stack = client(api, changes=not dry_run)
    if rollback or finish:
        result = stack.roll_back() if rollback else stack.finish_rebuild()
    else:
        with interruptible(lambda: GOES_ON):
            result = follow(_Rebuild(stack, _source(model), dry_run), quiet=json, clock=SystemClock())
    if json:
        print_json(result)
    else:
        _print(result)


def _source(model: str | None) -> str | None:
    """Return a folder by its whole path, because the stack may run in another folder of this machine."""
    from pathlib import Path

    return str(Path(model).resolve()) if model and Path(model).is_dir() else model


def _print(result: dict[str, Any]) -> None:
    from rich.table import Table

    from stream.runtime.printing import stdout_console

    shown = Table(box=None, show_header=False, pad_edge=False)
    for name, value in result.items():
        if isinstance(value, dict):
            now, then = (_in_words(value[when]) for when in ("now", "then"))
            value = now if now == then else f"{now} -> {then}"
        shown.add_row(name.replace("_", " "), _in_words(value))
    stdout_console().print(shown)


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    return " ".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)
