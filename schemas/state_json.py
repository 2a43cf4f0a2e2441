"""The JSON of records of the item state: the values of `items` and `review-states`, and of an export.

`schemas.state_codec` writes and reads them.
"""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

SHORT_NAMES = {"price": "p", "currency": "c", "sale_price": "s", "sale_starts_at_ms": "b", "sale_ends_at_ms": "e"}
"""The names of an offer's facts in a record, which holds many of them."""
FULL_NAMES = {short: name for name, short in SHORT_NAMES.items()}
PROMOTION, SHORT_PROMOTION = "promotion/", "t/"

StampAsJson = Annotated[
    tuple[int, int, str],
    Field(description="[version or -1, updated_at in milliseconds since the epoch, digest of the event]"),
]
FactAsJson = tuple[int, int, str, Any]
ChangeAsJson = Annotated[
    tuple[int, int], Field(description="[time of arrival of the earliest event, milliseconds since the epoch; events]")
]


class EntityAsJson(TypedDict):
    """A product, an offer or a review; names of an offer's facts are short (p c s b e t/LANGUAGE)."""

    f: NotRequired[Annotated[StampAsJson, Field(description="of the greatest upsert")]]
    d: NotRequired[Annotated[StampAsJson, Field(description="of the greatest delete")]]
    l: NotRequired[Annotated[int, Field(description="greatest updated_at of all its events, ms")]]  # noqa: E741
    s: NotRequired[Annotated[dict[str, Any], Field(description="facts with the stamp of the upsert, by name")]]
    x: NotRequired[Annotated[dict[str, FactAsJson], Field(description="other facts, by name: [*stamp, value]")]]


class ItemAsJson(TypedDict):
    """An item as the fold keeps it."""

    w: Annotated[str, Field(description="the process that wrote it")]
    id: Annotated[str, Field(description="product_id")]
    p: Annotated[EntityAsJson, Field(description="the product")]
    du: Annotated[int, Field(description="greatest updated_at of the unversioned deletes, ms; -1: none")]
    v: Annotated[int, Field(description="offers not later than this are void, ms; -1: none")]
    o: Annotated[dict[str, EntityAsJson], Field(description="offers by seller")]
    pl: Annotated[int, Field(description="greatest updated_at of all events of its offers, ms; -1: none")]
    r: Annotated[
        tuple[int, int, tuple[int, int, int, int, int], int],
        Field(description="of its reviews: [count, sum of ratings times 100, count by rating, greatest updated_at]"),
    ]
    c: Annotated[dict[str, ChangeAsJson], Field(description="what is new in this record, by facet")]
    x: NotRequired[Annotated[tuple[StampAsJson, str], Field(description="it has had more sellers than are kept")]]
