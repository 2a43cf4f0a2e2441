"""An item record as it lies in the item log: its product part stays encoded until it is needed.

Nine of ten records come from a price or a review, and most of their bytes are a product that has not changed. One that
is known by the digest of its bytes is neither decoded nor projected again. Its offers are read in the form that they
have in the record, since a fact by fact state of them costs five times as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
import orjson

from schemas.errors import ForeignRecord
from schemas.items import Change, Entity, ItemRecord, ItemState, Register, ReviewSummary
from schemas.stamps import Stamp
from schemas.state_json import FULL_NAMES, PROMOTION, SHORT_PROMOTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""The errors of reading foreign bytes as a record of Freshline."""


Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""msgspec reads longer ones, and orjson, which writes them, does not."""


class _Change(NamedTuple):
    first_arrived_at_ms: Integer
    events: Integer


class _Item(msgspec.Struct):
    """An item of `schemas.state_json`."""

    w: str
    id: str
    p: msgspec.Raw
    du: Integer
    v: Integer
    o: msgspec.Raw
    pl: Integer
    r: tuple[Integer, Integer, tuple[Integer, Integer, Integer, Integer, Integer], Integer]
    c: dict[str, _Change]
    x: Any = None


class LoggedOffer(msgspec.Struct, gc=False):
    """An offer as an object of `schemas.state_json`, with the short names of its facts."""

    f: Stamp | None = None
    """The stamp of its greatest upsert."""
    s: dict[str, Any] = {}
    """The facts of that upsert, by short name."""
    x: dict[str, tuple[int, int, str, Any]] = {}
    """The facts that are not of that upsert, by short name: (*stamp, value)."""


class _PlainFacts(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    p: float
    c: str
    s: float | None = None
    b: int | None = None
    e: int | None = None


class PlainOffer(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """An offer that is withdrawn, or has a price and no promotion, by one upsert: nearly every one."""

    f: Stamp | None = None
    d: Stamp | None = None
    s: _PlainFacts | None = None


PLAIN_FROM_BYTES = 600
"""The least JSON of offers that is first read as plain offers, in two thirds of the time: that of some eight."""

_ITEMS = msgspec.json.Decoder(_Item)
_PLAIN_OFFERS = msgspec.json.Decoder(dict[str, PlainOffer])
_OFFERS = msgspec.json.Decoder(dict[str, LoggedOffer])


class LoggedItem:
    """An item record of which the product part is decoded when it is first asked for."""

    __slots__ = ("_fields", "_record", "changes", "mixed_offers", "plain_offers", "product_id", "reviews", "value")

    def __init__(self, value: bytes) -> None:
        """`value` is that of a record of the item log. Raises ForeignRecord; the product part is not looked at."""
        self.value = value
        self._record: ItemRecord | None = None
        try:
            self._fields = fields = _ITEMS.decode(value)
            self.plain_offers = _plain_offers(fields.o)
            self.mixed_offers: dict[str, LoggedOffer] = {} if self.plain_offers else _OFFERS.decode(fields.o)
        except MALFORMED as error:
            raise _foreign(error) from error
        self.product_id: str = fields.id
        self.changes = {facet: Change(*change) for facet, change in fields.c.items()}
        count, total, histogram, latest_ms = fields.r
        self.reviews = ReviewSummary(count, total, histogram, latest_ms)

    @property
    def writer(self) -> str:
        """The id of the process that wrote the record."""
        return self._fields.w

    @property
    def deleted_unversioned_ms(self) -> int:
        """The time of the greatest unversioned delete, as in ItemState."""
        return self._fields.du

    @property
    def void_at_ms(self) -> int:
        """The time up to which offers are void, as in ItemState."""
        return self._fields.v

    @property
    def price_latest_ms(self) -> int:
        """The time of the latest event of an offer, as in ItemState."""
        return self._fields.pl

    @property
    def offers(self) -> Mapping[str, LoggedOffer | PlainOffer]:
        """The offers by seller, withdrawn ones included."""
        return self.plain_offers or self.mixed_offers

    @property
    def crowded(self) -> bool:
        """True if the item has had more sellers than are kept."""
        return self._fields.x is not None

    @property
    def product_json(self) -> memoryview:
        """The product as an object of JSON. Other state of the product has other bytes."""
        return memoryview(self._fields.p)

    @property
    def prices(self) -> ItemState:
        """The state of the item without its product. Raises ForeignRecord if an offer is malformed."""
        try:
            return _state_of_prices(self._fields)
        except MALFORMED as error:
            raise _foreign(error) from error

    @property
    def record(self) -> ItemRecord:
        """The whole record. Raises ForeignRecord if a part of it is malformed."""
        if self._record is None:
            state = self.prices
            try:
                state.product = decoded_entity(self._fields.p)
            except MALFORMED as error:
                raise _foreign(error) from error
            self._record = ItemRecord(self.writer, state, self.reviews, self.changes)
        return self._record

    @property
    def state(self) -> ItemState:
        """The whole state of the item. Raises as `record` does."""
        return self.record.state


def _plain_offers(value: msgspec.Raw) -> dict[str, PlainOffer] | None:
    """Return the offers by seller if they are many and all of them plain; None otherwise."""
    if len(memoryview(value)) < PLAIN_FROM_BYTES:
        return None
    try:
        return _PLAIN_OFFERS.decode(value)
    except msgspec.ValidationError:
        return None


def _state_of_prices(fields: _Item) -> ItemState:
    return ItemState(
        product_id=fields.id,
        deleted_unversioned_ms=fields.du,
        void_at_ms=fields.v,
        offers={seller: _entity(offer, _full) for seller, offer in orjson.loads(memoryview(fields.o)).items()},
        price_latest_ms=fields.pl,
        crowded=fields.x is not None,
    )


def decoded_entity(value: bytes | msgspec.Raw) -> Entity:
    """Return the product or review in a JSON object. Raises one of the errors in `MALFORMED`."""
    return _entity(orjson.loads(memoryview(value)), str)


def _entity(body: dict[str, Any], name_of: Callable[[str], str]) -> Entity:
    floor = Stamp(*body["f"]) if "f" in body else None
    facts = {}
    if floor is not None:
        facts = {name_of(name): Register(floor, value) for name, value in body.get("s", {}).items()}
    for name, (version, updated_at_ms, digest, value) in body.get("x", {}).items():
        facts[name_of(name)] = Register(Stamp(version, updated_at_ms, digest), value)
    return Entity(
        floor=floor,
        deleted=Stamp(*body["d"]) if "d" in body else None,
        facts=facts,
        latest_ms=body.get("l", -1),
    )


def _full(name: str) -> str:
    return FULL_NAMES.get(name) or name.replace(SHORT_PROMOTION, PROMOTION, 1)


def _foreign(error: Exception) -> ForeignRecord:
    said = str(error) if isinstance(error, msgspec.ValidationError) else repr(error)
    return ForeignRecord(f"no item record of Freshline: {said}")
