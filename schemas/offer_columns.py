"""Many offers of an item, field by field: a price changes one of them, and the others need no objects for it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.points import Offer

COLUMNS_FROM = 8
"""The least number of offers that are held by fields. A few are decoded and compared as fast as objects."""
_FIELDS = (
    *("seller", "price", "currency", "updated_at_ms"),
    *("sale_price", "sale_starts_at_ms", "sale_ends_at_ms"),
)
_VALUES = tuple(map(itemgetter, _FIELDS))


class OfferColumns(Sequence["Offer"]):
    """Offers without a promotion, in the order of their sellers, as a list of values for each of their fields.

    It equals the list of the same offers, which are made where somebody asks for one.
    """

    __slots__ = ("_offers", "columns")

    def __init__(self, columns: Sequence[list[Any]]) -> None:
        """`columns`: sellers, prices, currencies, times of the last change; sale prices, starts and ends of sales."""
        self.columns = tuple(columns)
        self._offers: list[Offer] | None = None

    @classmethod
    def of(cls, offers: Sequence[Offer]) -> OfferColumns | None:
        """Return these offers by fields; None if one is promoted or is no offer."""
        try:
            if any(offer["promotion"] for offer in offers):
                return None
            return cls([list(map(values, offers)) for values in _VALUES])
        except (LookupError, TypeError):
            return None

    @property
    def sellers(self) -> list[str]:
        """The sellers."""
        return self.columns[0]

    @property
    def currencies(self) -> set[str]:
        """The currencies of the prices."""
        return set(self.columns[2])

    @property
    def has_sales(self) -> bool:
        """True if one of them has a sale price, or a time of a sale."""
        return any(values.count(None) < len(values) for values in self.columns[4:])

    def lowest(self, currency: str) -> float | None:
        """Return the lowest price in a currency; None if there is none. Sales do not count."""
        _, prices, currencies, *_ = self.columns
        if currencies.count(currency) == len(currencies):
            return min(prices, default=None)
        return min((price for price, code in zip(prices, currencies, strict=True) if code == currency), default=None)

    @override
    def __len__(self) -> int:
        return len(self.columns[0])

    @override
    def __iter__(self) -> Iterator[Offer]:
        return iter(self._made())

    @override
    def __getitem__(self, place: Any) -> Any:
        return self._made()[place]

    @override
    def __eq__(self, other: object) -> bool:
        if isinstance(other, OfferColumns):
            return self.columns == other.columns
        return self._made() == other

    __hash__ = None  # type: ignore[assignment]

    @override
    def __repr__(self) -> str:
        return repr(self._made())

    def _made(self) -> list[Offer]:
        if self._offers is None:
            self._offers = [
                {
                    "seller": seller,
                    "price": price,
                    "currency": currency,
                    "sale_price": sale_price,
                    "sale_starts_at_ms": starts,
                    "sale_ends_at_ms": ends,
                    "promotion": {},
                    "updated_at_ms": updated_at_ms,
                }
                for seller, price, currency, updated_at_ms, sale_price, starts, ends in zip(*self.columns, strict=True)
            ]
        return self._offers
