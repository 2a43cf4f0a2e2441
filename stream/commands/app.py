"""The command line with all its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from stream.commands.demo import demo
from stream.commands.doctor import doctor
from stream.commands.explain import explain
from stream.commands.export import export, import_
from stream.commands.formats import formats
from stream.commands.get import get
from stream.commands.judge import judge
from stream.commands.produce import produce
from stream.commands.rebuild import rebuild
from stream.commands.reconcile import reconcile
from stream.commands.replay import replay
from stream.commands.rules import rules
from stream.commands.schema import schema
from stream.commands.search import search
from stream.commands.status import status
from stream.commands.suggest import suggest
from stream.commands.sync import sync
from stream.commands.up import up

app = typer.Typer(
    name="freshline",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Product search that is never stale: change events on Kafka become fresh search results.",
    epilog="A flag goes before FRESHLINE_* in the environment, that before the default. "
    "Exit codes: 0 done, 1 failed, 2 usage, 10 not fresh or not healthy, 130 interrupted.",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"freshline {version('freshline')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")
    ] = False,
) -> None:
    """Read the options of `freshline` itself; typer calls this before any command."""


for command in (
    up,
    demo,
    produce,
    search,
    suggest,
    explain,
    get,
    status,
    doctor,
    schema,
    formats,
    replay,
    export,
    import_,
    sync,
    rebuild,
    reconcile,
    rules,
    judge,
):
    app.command(command.__name__.rstrip("_"))(command)
