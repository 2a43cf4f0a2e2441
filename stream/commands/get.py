"""`freshline get`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stream.commands import options

if TYPE_CHECKING:
    from schemas.answers import IndexedItem, ShownOffer


def get(
    product_id: Annotated[str, typer.Argument(help="The product_id that its events carry.")],
    *,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Show one item as the index holds it, visible or not.

    Exit 1: nothing was ever heard of it.
    """
    from stream.commands.configured import client
    from stream.runtime.printing import print_json

    item = client(api).item(product_id=product_id)
    if json:
        print_json(item.model_dump())
    else:
        _print_item(item.indexed)


def _print_item(item: IndexedItem) -> None:
    from rich.table import Table

    from stream.runtime.printing import ago, money, shortened, stdout_console

    shown = Table(box=None, show_header=False, pad_edge=False)
    for name, value in (
        ("product_id", item.product_id),
        ("status", item.status),
        *((f"title, {language}", title) for language, title in item.titles.items()),
        ("brand", item.brand),
        ("category", " / ".join(item.category)),
        ("description", item.description and shortened(item.description)),
        *((f"attribute {name}", shortened(_attribute(value))) for name, value in item.attributes.items()),
        ("gtin", item.gtin),
        ("item_group_id", item.item_group_id),
        ("link", item.link),
        ("availability", item.availability),
        ("price", money(item.price, item.currency)),
        *((f"offer of {offer.seller}", _offer(offer)) for offer in item.offers),
        ("reviews", "" if item.rating is None else f"{item.rating:.2f} in {item.review_count:,}"),
        *((f"{facet} changed", _when(time)) for facet, time in item.updated_at.model_dump().items()),
        *((f"{facet} searchable", ago(time)) for facet, time in item.searchable_at.model_dump().items()),
        ("vector", item.vector_failed or _vector(item)),
        ("left out", item.left_out and f"some of its {', '.join(item.left_out)}, by a limit"),
    ):
        if value:
            shown.add_row(name, str(value))
    stdout_console().print(shown)


def _attribute(value: Any) -> str:
    from json import dumps

    return value if isinstance(value, str) else dumps(value, ensure_ascii=False)


def _when(time: str | None) -> str:
    """Return a time as it is and as a distance, since a wrong clock shows in the former."""
    from stream.runtime.printing import ago

    return "" if time is None else f"{time}, {ago(time)}"


def _vector(item: IndexedItem) -> str:
    return "current" if item.vector_is_current else "pending: found by its words"


def _offer(offer: ShownOffer) -> str:
    from stream.runtime.printing import ago, money

    text = money(offer.price, offer.currency)
    if offer.discount_percent:
        text += f" instead of {money(offer.regular_price, offer.currency)}"
    if offer.sale_ends_at is not None:
        text += f" until {offer.sale_ends_at}"
    text += f", changed {ago(offer.updated_at)}"
    promotion = next(iter(offer.promotion.values()), None)
    return f"{text}, {promotion}" if promotion else text
