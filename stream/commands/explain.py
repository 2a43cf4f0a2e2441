"""`freshline explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stream.commands import options

if TYPE_CHECKING:
    from rich.table import Table

    from schemas.explanations import Explanation, RankingPlace


def explain(
    query: Annotated[str, typer.Argument(help="The query that finds the item, or should.")],
    product_id: Annotated[str, typer.Argument(help="The product_id of the item.")],
    *,
    min_price: options.MinPrice = None,
    max_price: options.MaxPrice = None,
    currency: options.Currency = None,
    seller: options.Seller = None,
    brand: options.Brand = None,
    category: options.Category = None,
    availability: options.ItemAvailability = None,
    attribute: options.Attribute = None,
    min_rating: options.MinRating = None,
    understand: options.Understand = True,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Explain why a query finds an item, or does not."""
    given = {name: value for name, value in locals().items() if name not in ("api", "json")}
    from stream.commands.configured import client, parameters
    from stream.runtime.printing import print_json, stdout_console

    found = client(api).explain(**parameters(given, query="q"))
    if json:
        print_json(found.model_dump())
        return
    for sentence in found.why:
        print(sentence)
    stdout_console().print(_table(found))


def _table(found: Explanation) -> Table:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("searched for", found.searched_for or "filters alone")
    for check in found.filters:
        table.add_row(f"filter {check.name}", "passes" if check.passes else f"fails, it has {check.has}")
    for name, place in (("by words", found.by_words), ("by vectors", found.by_vectors), ("by relevance", found.fused)):
        table.add_row(name, _rank_in_words(place))
    for name, factor in found.factors.items():
        table.add_row(f"factor {name}", f"{factor.factor:.2f}, share {factor.share:.2f}")
    table.add_row("answered", _rank_in_words(found.answered))
    for word in found.words:
        table.add_row(f"word {word.word}", ", ".join(word.fields) or "nowhere")
    return table


def _rank_in_words(place: RankingPlace) -> str:
    score = "" if place.score is None else f", score {place.score}"
    return (
        f"not among the first {place.ranked:,}" if place.rank is None else f"{place.rank:,} of {place.ranked:,}"
    ) + score
