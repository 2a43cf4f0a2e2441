"""The request of a search, and its filters."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue  # noqa: TC002  (pydantic reads the types when it runs)
from pydantic_core import CoreSchema  # noqa: TC002  (as above)

from schemas.event_fields import Currency  # noqa: TC001  (pydantic reads the types when it runs)
from schemas.numbers import NumbersInDigits
from schemas.refinements import ATTRIBUTE, ATTRIBUTE_CHARS_MAX, FILTERS_OF, FacetNames
from schemas.texts import ATTRIBUTE_VALUE_CHARS_MAX, cleaned, name_of

QUERY_CHARS_MAX = 4_000
LIMIT_MAX = 100
OFFSET_MAX = 10_000
WAIT_MS, WAIT_MS_MAX = 2_000, 30_000
"""The time that a search waits for an event by default, and at most, in milliseconds."""

Sort = Literal["relevance", "price_asc", "price_desc", "rating", "newest"]
"""The orders that have a name. The others are by the number of an attribute: see `SortBy`."""
QueryKind = Literal["plain", "part_number", "brand", "filters"]
"""The kinds of queries that are ranked in ways of their own: words, one of them a part number, a brand, no query."""
RankingName = Annotated[str, Field(min_length=1, max_length=100)]
Availability = Literal["in_stock", "out_of_stock", "preorder", "backorder"]

FILTER_VALUES_MAX = 100
"""The most values of one filter."""
_Value = TypeVar("_Value")


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


def _named(given: Any) -> Any:
    return name_of(given) if isinstance(given, str) else given


def _each_once(values: tuple[_Value, ...]) -> tuple[_Value, ...]:
    return tuple(dict.fromkeys(values))


def _sort(given: str) -> str:
    attribute = given.removeprefix(ATTRIBUTE)
    if given not in get_args(Sort) and (attribute == given or not 0 < len(attribute) <= ATTRIBUTE_CHARS_MAX):
        known = ", ".join(get_args(Sort))
        raise ValueError(f"there is no order {given[:ATTRIBUTE_CHARS_MAX]}: use {known}, or {ATTRIBUTE}NAME")
    return given


SortBy = Annotated[str, AfterValidator(_sort)]
"""A name of `Sort`, or `attributes.NAME`: by the number that an attribute has, the highest first."""


def _of_attribute(text: str) -> str:
    given, _, value = text.partition(":")
    if not (name := name_of(cleaned(given))) or not name_of(value):
        raise ValueError(f"{text[:ATTRIBUTE_CHARS_MAX]!r} is no NAME:VALUE of an attribute, such as color:red")
    return f"{name}:{value}"


class _OneOrSeveral:
    """Describes a list in a JSON Schema as one that may be a single value."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, describe: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = describe(schema)
        return {"anyOf": [several["items"], several]}


AnyOf = Annotated[
    tuple[_Value, ...],
    Field(min_length=1, max_length=FILTER_VALUES_MAX),  # Behind a validator it would be one of a text.
    BeforeValidator(_listed),
    AfterValidator(_each_once),
    _OneOrSeveral,
]
"""One value, or several of which an item must have one."""
_Name = Annotated[str, Field(min_length=1, max_length=256)]
_Seller = Annotated[str, Field(min_length=1, max_length=64), BeforeValidator(_named)]
_OfAttribute = Annotated[
    str, Field(max_length=ATTRIBUTE_CHARS_MAX + 1 + ATTRIBUTE_VALUE_CHARS_MAX), AfterValidator(_of_attribute)
]


class Filters(NumbersInDigits):
    """The conditions that a hit must satisfy, all of them; None does not filter.

    Of several values of one filter a hit must have one; of several values of `attribute` one of each name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_price: float | None = Field(None, ge=0, allow_inf_nan=False)
    max_price: float | None = Field(None, ge=0, allow_inf_nan=False)
    currency: Currency | None = None
    """The currency of the prices that are compared and shown. Where items have prices in several, bounds need it."""
    seller: AnyOf[_Seller] | None = None
    brand: AnyOf[_Name] | None = None
    category: AnyOf[_Name] | None = None
    availability: AnyOf[Availability] | None = None
    attribute: AnyOf[_OfAttribute] | None = Field(None, description="NAME:VALUE of an attribute, such as color:red")
    min_rating: float | None = Field(None, ge=1, le=5)

    @property
    def any(self) -> bool:
        """True if any filter is set."""
        return any(getattr(self, name) is not None for name in Filters.model_fields)

    @property
    def attributes(self) -> dict[str, list[str]]:
        """The values that `attribute` names, by the name of the attribute."""
        values: dict[str, list[str]] = {}
        for name, _, value in (each.partition(":") for each in self.attribute or ()):
            values.setdefault(name, []).append(value)
        return values

    def lifted_for(self, facet: str) -> dict[str, Any]:
        """Return the values that lift the filters of this facet, so that they do not narrow its counts; {} for none."""
        if facet in FILTERS_OF:
            return {name: None for name in FILTERS_OF[facet] if getattr(self, name) is not None}
        kept = tuple(each for each in self.attribute or () if f"{ATTRIBUTE}{each.partition(':')[0]}" != facet)
        return {} if kept == (self.attribute or ()) else {"attribute": kept or None}


def check_price_order(asked: Filters) -> None:
    """Raise ValueError if no price can be within both bounds."""
    if asked.min_price is not None and asked.max_price is not None and asked.min_price > asked.max_price:
        raise ValueError(f"min_price: {asked.min_price} is above max_price {asked.max_price}: no price is both")


class SearchRequest(Filters):
    """A search: a query, or at least one filter without a query, which browses."""

    q: str | None = Field(None, min_length=1, max_length=QUERY_CHARS_MAX)
    limit: int = Field(10, ge=1, le=LIMIT_MAX)
    offset: int = Field(0, ge=0, le=OFFSET_MAX)
    understand: bool = Field(True, description="whether words such as `under 500` may become filters")
    sort: SortBy = Field(
        "relevance",
        description="the order of the hits: relevance, price_asc, price_desc, rating, newest, or attributes.NAME for "
        "the highest numbers of an attribute first; items without the value come last",
    )
    diversity: float = Field(
        0.0,
        ge=0,
        le=1,
        description="how much the first 100 hits are to differ from one another: 0 orders as `sort` says",
    )
    facets: FacetNames = Field(
        default_factory=list,
        description="what to count the found items by, with commas between: brand, category, seller, availability, "
        "price, rating, attributes.NAME",
    )
    group: bool = Field(False, description="whether the best item alone is shown of those with one item_group_id")
    highlight: bool = Field(False, description="whether each hit says which of its words matched")
    ranking: RankingName | None = Field(
        None, description="the ranking to search by: `none`, `unruled`, or one of the alternatives of FRESHLINE_RANKING"
    )
    compare: RankingName | None = Field(
        None, description="the ranking that is interleaved with it; each hit says which one it came from"
    )
    seed: str | None = Field(
        None,
        min_length=1,
        max_length=128,
        description="decides with the query which ranking begins: the same for all "
        "pages of a shopper, such as the id of the session",
    )
    explain: bool = Field(
        False, description="whether each hit says why it is where it is: its places in the rankings and its weight"
    )

    @property
    def filters(self) -> Filters:
        """The filters of the request."""
        return Filters(**self.model_dump(include=set(Filters.model_fields)))

    @model_validator(mode="after")
    def _asks_something(self) -> SearchRequest:
        if self.q is None and not self.filters.any:
            raise ValueError("q: give a query, or at least one filter to browse by")
        if self.q is not None and not self.q.strip():
            raise ValueError("q: the query is blank")
        check_price_order(self)
        for name in ("ranking", "compare"):
            if getattr(self, name) is not None and self.sort != "relevance":
                raise ValueError(f"{name}: an order that is asked for by sort knows no rankings")
        if self.diversity and (self.sort != "relevance" or self.compare is not None):
            raise ValueError("diversity: an order that is asked for by sort, or drafted by compare, stays as it is")
        if self.group and self.compare is not None:
            raise ValueError("group: compare drafts single items, so groups of them are of no ranking: leave one out")
        if self.compare == "unruled":
            raise ValueError("compare: a pin has one place, so answers with and without rules are not interleaved")
        if self.seed is not None and self.compare is None:
            raise ValueError("seed: there is nothing to compare: name a ranking in compare, or leave seed out")
        return self
