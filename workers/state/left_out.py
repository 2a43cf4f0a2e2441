"""The parts of an item that its limits leave out: names of texts and attributes, and of what its offers have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from schemas.offer_columns import OfferColumns
from workers.state.limits import OFFERS_MAX, PARTS_MAX, promotion_languages

if TYPE_CHECKING:
    from collections.abc import Sized

    from schemas.items import Entity, ItemState
    from schemas.points import Facets

TEXTS_AND_ATTRIBUTES = ("title", "description", "attributes")
PARTS_MAX_LEAST = min(PARTS_MAX[name] for name in TEXTS_AND_ATTRIBUTES)
"""A product with fewer facts than this reaches no limit."""
OF_OFFERS = ("offers", "promotions")
"""The names in `left_out` of what the offers decide."""


class OfferState(Protocol):
    """The state of an item, or a record of it, as far as its offers go."""

    @property
    def offers(self) -> Sized:
        """The offers by seller, withdrawn ones included."""

    @property
    def crowded(self) -> bool:
        """True if the item has had more sellers than are kept."""

    @property
    def price_latest_ms(self) -> int:
        """The greatest updated_at of all events of its offers; -1 for none."""


def parts_left_out(state: ItemState) -> list[str]:
    """Return the names of the texts and attributes of which the limits leave out some."""
    facts = state.product.facts
    if len(facts) < PARTS_MAX_LEAST:
        return []
    counts = Counter(key.partition("/")[0] for key in facts if "/" in key)
    full = (name for name in TEXTS_AND_ATTRIBUTES if counts[name] >= PARTS_MAX[name])
    return [name for name in full if not _keeps_dead_parts(state.product, name)]


def offers_left_out(state: OfferState, of_facets: Facets) -> list[str]:
    """Return the part of `left_out` that the offers make, which is some of `OF_OFFERS`."""
    offers = state.crowded or len(of_facets["sellers"]) > OFFERS_MAX
    languages = promotion_languages(len(state.offers))
    shown = of_facets["offers"]
    many_languages = languages < PARTS_MAX["promotion"] and not isinstance(shown, OfferColumns)
    promotions = many_languages and any(len(offer["promotion"]) >= languages for offer in shown)
    return [name for name, is_left_out in zip(OF_OFFERS, (offers, promotions), strict=True) if is_left_out]


def _keeps_dead_parts(product: Entity, name: str) -> bool:
    """Return whether a part that was cleared long ago is kept: those that the limit drops are older, and dead too."""
    facts = product.facts
    masks = [product.floor, facts[name].stamp if name in facts else None]
    mask = max((stamp for stamp in masks if stamp is not None), default=None)
    if mask is None:
        return False
    return any(key.startswith(f"{name}/") and register.stamp < mask for key, register in facts.items())
