"""`freshline suggest`."""

from __future__ import annotations

from typing import Annotated

import typer

from stream.commands import options


def suggest(
    typed: Annotated[str, typer.Argument(help="What was typed so far.")],
    *,
    limit: Annotated[int, typer.Option(help="The most queries and the most products.")] = 5,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Suggest queries and products for what was typed so far."""
    from stream.commands.configured import client
    from stream.runtime.printing import print_json, say

    found = client(api).suggest(q=typed, limit=limit)
    if json:
        print_json(found.model_dump())
        return
    for query in found.queries:
        print(query)
    for product in found.products:
        print(f"{product.product_id}: {product.title}")
    if not found.queries and not found.products:
        say(f"nothing begins with {typed}")
