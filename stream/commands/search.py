"""`freshline search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.commands import options
from stream.commands.exits import NOT_FRESH, interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table
    from rich.text import Text


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
    min_rating: options.MinRating = None,
    understand: Annotated[
        bool, typer.Option("--understand/--as-typed", help="Whether words such as `under 500` may become filters.")
    ] = True,
    highlight: Annotated[bool, typer.Option("--highlight", help="Set apart the words that matched.")] = False,
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
    parameters = {name: value for name, value in locals().items() if name not in ("query", "api", "json")}
    from stream.commands.configured import client
    from stream.runtime.printing import print_json, say, stdout_console

    with interruptible(lambda: "nothing was found yet" + (f", {after} was waited for" if after else "")):
        answer = client(api).get("/search", q=query, **parameters)
    if json:
        print_json(answer)
    elif answer["hits"]:
        stdout_console().print(_table(answer["hits"]))
    if not json:
        for sentence in (*_understood(answer["understood"]), *(step["how"] for step in answer["relaxed"])):
            say(sentence)
        if answer["did_you_mean"] is not None:
            say(f"did you mean: {answer['did_you_mean']}")
        say(f"{_found(answer)}, by {answer['by']}, in {answer['took_ms']:.0f} ms")
    if not answer["fresh"]:
        say(f"not fresh: the wait ran out before {after} was searchable; this answer may be older than that event")
        raise typer.Exit(NOT_FRESH)


def _found(answer: dict[str, Any]) -> str:
    """Return how much was found: a query ranks all items that pass the filters, filters alone find those items."""
    from stream.runtime.printing import counted

    hits, total = len(answer["hits"]), counted(answer["total"], "item")
    return f"{hits:,} of {total}" if answer["by"] == "filters" else f"{counted(hits, 'hit')} out of {total} searched"


def _understood(understood: dict[str, Any] | None) -> Iterator[str]:
    """Iterate over the sentences that say what words of the query were taken for."""
    for guess in [] if understood is None else understood["guesses"]:
        meaning = ", ".join(f"{name} {value}" for name, value in guess["filters"].items()) or "lower prices first"
        unused = "" if guess["why"] is None else f" was not used: {guess['why']}"
        yield f"understood {guess['words']!r} as {meaning}{unused}"


def _title(hit: dict[str, Any]) -> Text:
    """Return the title with the words that matched in bold, if the API says which."""
    from rich.text import Text

    fragments = (hit["highlights"] or {"title": []})["title"]
    if not fragments:
        return Text(hit["title"] or "")
    return Text.assemble(*((each["text"], "bold" if each["matched"] else "") for each in fragments))


def _table(hits: list[dict[str, Any]]) -> Table:
    from rich.table import Table

    from stream.runtime.printing import ago, best_offers, money

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("product", "title", "price", "offers", "rating", "price searchable"):
        table.add_column(name, justify="right" if name == "price" else "left", overflow="fold")
    for hit in hits:
        rating = "" if hit["rating"] is None else f"{hit['rating']:.1f} ({hit['review_count']:,})"
        since = ago(hit["searchable_at"]["price"])
        price = money(hit["price"], hit["currency"])
        table.add_row(hit["product_id"], _title(hit), price, best_offers(hit), rating, since)
    return table
