"""`freshline schema`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from schemas.errors import WrongUsage
from stream.commands import options


def schema(
    name: Annotated[str | None, typer.Argument(help="The schema to print; left out, the names of all.")] = None,
    *,
    json: options.AsJson = False,
) -> None:
    """Print a JSON Schema: of an event, a search request, an answer, a record of the item state."""
    from importlib.resources import files

    texts = {
        entry.name.removesuffix(".schema.json"): entry
        for entry in files("schemas").joinpath("json").iterdir()
        if entry.name.endswith(".schema.json")
    }
    if name is not None:
        if name not in texts:
            raise WrongUsage(f"there is no schema {name}; there are {', '.join(sorted(texts))}")
        sys.stdout.write(texts[name].read_text(encoding="utf-8").rstrip() + "\n")
    elif json:
        from stream.runtime.printing import print_json

        print_json(sorted(texts))
    else:
        print("\n".join(sorted(texts)))
