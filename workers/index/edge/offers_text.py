"""The offers of a point as one text, the form in which the embedded index stores them.

A shard reads and writes a payload whole for whatever changes in it, and the names of fields, with the sign that a text
inside JSON needs before each quote, are four fifths of many offers.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import orjson

from schemas.offer_columns import COLUMNS_FROM, OfferColumns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Offer

PACKED_FROM_BYTES = 1_024
"""The least JSON that is compressed: that of some 25 offers. 200 take 2 KB instead of 7, in 16 us."""
QUICKEST = 1
WITHOUT_SALES, WITH_SALES = 4, 7
"""The numbers of columns of offers of which none, or some, has a sale."""


def offers_text(offers: Sequence[Offer]) -> str:
    """Return offers as JSON. That of many has a list for each field, and is compressed where it is long."""
    columns = offers if isinstance(offers, OfferColumns) or len(offers) < COLUMNS_FROM else OfferColumns.of(offers)
    if not isinstance(columns, OfferColumns):
        return orjson.dumps(offers).decode()
    encoded = orjson.dumps(columns.columns if columns.has_sales else columns.columns[:WITHOUT_SALES])
    if len(encoded) < PACKED_FROM_BYTES:
        return encoded.decode()
    return b64encode(zlib.compress(encoded, QUICKEST)).decode()


def offers_in(text: str) -> list[Offer]:
    """Return the offers in a text of `offers_text`, or of an earlier release, which wrote objects alone."""
    return list(columns_in(text))


def columns_in(text: str) -> Sequence[Offer]:
    """Return the same offers as `offers_in`, by fields if the text has them so."""
    found: list[Any] = orjson.loads(text if text.startswith("[") else zlib.decompress(b64decode(text)))
    if not found or not isinstance(found[0], list):
        return found
    missing = WITH_SALES - len(found)
    return OfferColumns([*found, *([[None] * len(found[0])] * missing)])
