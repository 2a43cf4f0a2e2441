"""`freshline explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.commands import options
from stream.commands.search import Availability

if TYPE_CHECKING:
    from rich.table import Table


def explain(
    query: Annotated[str, typer.Argument(help="The query that finds the item, or should.")],
    product_id: Annotated[str, typer.Argument(help="The product_id of the item.")],
    *,
    min_price: Annotated[float | None, typer.Option(help="The lowest price.")] = None,
    max_price: Annotated[float | None, typer.Option(help="The highest price.")] = None,
    currency: Annotated[str | None, typer.Option(help="Only items whose price is in this currency.")] = None,
    seller: Annotated[str | None, typer.Option(help="Only items that this seller offers.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only items of this brand.")] = None,
    category: Annotated[str | None, typer.Option(help="Only items in this category, at any level.")] = None,
    availability: Annotated[Availability | None, typer.Option(help="Only items of this availability.")] = None,
    min_rating: Annotated[float | None, typer.Option(help="The lowest mean rating, 1 to 5.")] = None,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Explain why a query finds an item, or does not."""
    parameters = {name: value for name, value in locals().items() if name not in ("query", "api", "json")}
    from stream.commands.configured import client
    from stream.runtime.printing import print_json, stdout_console

    found = client(api).get("/explain", q=query, **parameters)
    if json:
        print_json(found)
        return
    for sentence in found["why"]:
        print(sentence)
    stdout_console().print(_table(found))


def _table(found: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    for check in found["filters"]:
        table.add_row(f"filter {check['name']}", "passes" if check["passes"] else f"fails, it has {check['has']}")
    for name, leg in (("by words", "by_words"), ("by vectors", "by_vectors"), ("fused", "fused")):
        table.add_row(name, _leg(found[leg]))
    for word in found["words"]:
        table.add_row(f"word {word['word']}", ", ".join(word["fields"]) or "nowhere")
    return table


def _leg(leg: dict[str, Any]) -> str:
    score = "" if leg["score"] is None else f", score {leg['score']}"
    return (
        f"not among the first {leg['ranked']:,}" if leg["rank"] is None else f"{leg['rank']:,} of {leg['ranked']:,}"
    ) + score
