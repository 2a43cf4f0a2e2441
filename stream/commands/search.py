"""`freshline search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stream.commands import options
from stream.commands.exits import NOT_FRESH, interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table
    from rich.text import Text

    from schemas.answers import Hit, SearchAnswer
    from schemas.explanations import HitExplanation
    from schemas.refinements import Refinement
    from schemas.understood import Understood

VALUES_SHOWN = 12
"""The values of a facet that a person is shown; the JSON has all."""


def search(
    query: Annotated[str | None, typer.Argument(help="Words in any language, a product_id or a GTIN.")] = None,
    *,
    limit: Annotated[int, typer.Option(help="How many hits.")] = 10,
    offset: Annotated[int, typer.Option(help="How many hits to skip.")] = 0,
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
    highlight: Annotated[bool, typer.Option("--highlight", help="Set apart the words that matched.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say of each hit why it is where it is.")] = False,
    ranking: Annotated[
        str | None, typer.Option(help="The ranking: none, unruled, or an alternative of FRESHLINE_RANKING.")
    ] = None,
    compare: Annotated[str | None, typer.Option(help="The ranking to interleave with it.")] = None,
    seed: Annotated[str | None, typer.Option(help="What decides which of the two begins.")] = None,
    sort: options.HitSort = "relevance",
    facets: options.Facets = None,
    diversity: options.Diversity = None,
    group: options.Group = False,
    after: Annotated[
        str | None, typer.Option(metavar="TOPIC:PARTITION:OFFSET", help="Wait until this event is searchable.")
    ] = None,
    wait_ms: Annotated[int | None, typer.Option(help="How many milliseconds to wait for it.")] = None,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Search as a shopper would.

    Exit 10: the wait for --after ran out, the answer may be older than that event.
    """
    given = {name: value for name, value in locals().items() if name not in ("api", "json")}
    from stream.commands.configured import client, parameters
    from stream.runtime.printing import print_json, say

    with interruptible(lambda: "nothing was found yet" + (f", {after} was waited for" if after else "")):
        answer = client(api).search(**parameters(given, query="q"))
    if json:
        print_json(answer.model_dump())
    else:
        _show(answer)
    if not answer.fresh:
        say(f"not fresh: the wait ran out before {after} was searchable; this answer may be older than that event")
        raise typer.Exit(NOT_FRESH)


def _show(answer: SearchAnswer) -> None:
    """Print the hits and the facets on stdout, and on stderr how the query was read and how much was found."""
    from stream.runtime.printing import say, stdout_console

    if answer.hits:
        stdout_console().print(_table(answer.hits))
    for hit in answer.hits:
        if hit.explanation is not None:
            print(f"{hit.product_id}: {_explained(hit.score, hit.explanation)}")
    if answer.facets:
        stdout_console().print(_facets(answer.facets))
    for sentence in (*_understood(answer.understood), *(step.how for step in answer.relaxed)):
        say(sentence)
    if answer.did_you_mean is not None:
        say(f"did you mean: {answer.did_you_mean}")
    say(f"{_found(answer)}, by {answer.by}, in {answer.took_ms:.0f} ms")


def _found(answer: SearchAnswer) -> str:
    """Return how much was found, and how much of it is shown."""
    from stream.runtime.printing import counted

    least = "" if answer.total_is_exact else "at least "
    return f"{len(answer.hits):,} of {least}{counted(answer.total, 'item')}"


def _explained(score: float, why: HitExplanation) -> str:
    """Return the places of a hit in each ranking, and what its weight is made of."""
    rankings = {"by words": why.by_words, "by vectors": why.by_vectors, "by relevance": why.fused}
    places = [f"number {place.rank:,} {name}" for name, place in rankings.items() if place.rank is not None]
    factors = ", ".join(f"{name} {each.factor:.2f}" for name, each in why.factors.items())
    weight = f"weight {why.weight:.2f} ({factors})" if factors else "not weighed"
    rules = [f"{rule.action} of the rule {rule.id}" for rule in why.rules]
    return ", ".join([f"score {score:.3f}", *places, weight, *rules])


def _understood(understood: Understood | None) -> Iterator[str]:
    """Iterate over the sentences that say what words of the query were taken for."""
    for guess in [] if understood is None else understood.guesses:
        meaning = ", ".join(f"{name} {value}" for name, value in guess.filters.items()) or "lower prices first"
        unused = "" if guess.why is None else f" was not used: {guess.why}"
        yield f"understood {guess.words!r} as {meaning}{unused}"


def _title(hit: Hit) -> Text:
    """Return the title with the words that matched in bold, if the API says which."""
    from rich.text import Text

    fragments = hit.highlights.title if hit.highlights else []
    if not fragments:
        return Text(hit.title or "")
    return Text.assemble(*((each.text, "bold" if each.matched else "") for each in fragments))


def _table(hits: list[Hit]) -> Table:
    from rich.table import Table

    from stream.runtime.printing import ago, best_offers, money

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("product", "title", "price", "offers", "rating", "price searchable"):
        table.add_column(name, justify="right" if name == "price" else "left", overflow="fold")
    for hit in hits:
        rating = "" if hit.rating is None else f"{hit.rating:.1f} ({hit.review_count:,})"
        since = ago(hit.searchable_at.price)
        price = money(hit.price, hit.currency)
        if hit.discount_percent:
            price += f"\n-{hit.discount_percent}%"
        variants = hit.variants.count - 1 if hit.variants else 0
        product = f"{hit.product_id}\nand {variants:,} more" if variants else hit.product_id
        if hit.team is not None:
            product += f"\nfrom {hit.team}"
        table.add_row(product, _title(hit), price, best_offers(hit), rating, since)
    return table


def _facets(facets: dict[str, list[Refinement]]) -> Table:
    """Return a row for each facet, with its most frequent values."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("facet")
    table.add_column("values", overflow="fold")
    for name, refinements in facets.items():
        values = list(_values(refinements))
        more = f", and {len(values) - VALUES_SHOWN:,} more" if len(values) > VALUES_SHOWN else ""
        table.add_row(name, ", ".join(values[:VALUES_SHOWN]) + more)
    return table


def _values(refinements: list[Refinement], above: str = "") -> Iterator[str]:
    """Yield each value with its count, and the levels of a category one after the other."""
    for each in refinements:
        yield f"{above}{each.value} ({each.count:,})"
        yield from _values(each.children, f"{above}{each.value} / ")
