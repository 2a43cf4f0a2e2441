"""The links of the search page that narrow a search, each with how many items it leaves, or take a filter away."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from schemas.queries import Filters
from schemas.refinements import FILTERS_OF
from schemas.texts import name_key
from stream.runtime.printing import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from schemas.answers import SearchAnswer
    from schemas.refinements import Refinement

PAGE_FACETS = ("category", "brand", "price", "availability", "rating", "seller")
SEVERAL = ("brand", "availability", "seller")
"""The facets of which several values can be chosen."""
LINKS_MAX = 15
"""The most links of a facet. The API has the other values."""


class FacetLink(NamedTuple):
    """A link that narrows the search to one value."""

    text: str
    items: int
    url: str
    level: int
    """The level of a category below another one; 0 for all others."""
    is_chosen: bool


class ChosenFilter(NamedTuple):
    """A filter of the search, and the link that takes it away."""

    name: str
    value: str
    url: str


def facet_links(asked: Filters, answer: SearchAnswer) -> list[tuple[str, list[FacetLink]]]:
    """Return the links by facet, without facets that have nothing to choose from."""
    currency = asked.currency or next((hit.currency for hit in answer.hits if hit.currency), None)
    links = ((name, list(_links(asked, name, found, currency))[:LINKS_MAX]) for name, found in answer.facets.items())
    return [(name, several) for name, several in links if several]


def chosen_filters(asked: Filters) -> list[ChosenFilter]:
    """Return the filters of the search, each value by itself."""
    return [
        ChosenFilter(name.replace("_", " "), str(value).replace("_", " "), page_url(asked, {name: others}))
        for name, value, others in _each_with_others(asked)
    ]


def kept_filters(asked: Filters) -> list[tuple[str, object]]:
    """Return the filters as fields of a form, each value by itself."""
    return [(name, value) for name, value, _ in _each_with_others(asked)]


def _each_with_others(asked: Filters) -> Iterator[tuple[str, object, object]]:
    """Iterate over the filters and their values, each with the values that its filter has without it."""
    for name, given in asked.model_dump(include=set(Filters.model_fields), exclude_none=True).items():
        values = given if isinstance(given, tuple) else (given,)
        for value in values:
            yield name, value, tuple(other for other in values if other != value) or None


def _links(
    asked: Filters, name: str, found: Sequence[Refinement], currency: str | None, level: int = 0
) -> Iterator[FacetLink]:
    for each in found:
        chosen, filters = _chosen(asked, name, each)
        yield FacetLink(_text(name, each, currency), each.count, page_url(asked, filters), level, chosen)
        yield from _links(asked, name, each.children, currency, level + 1)


def _chosen(asked: Filters, name: str, found: Refinement) -> tuple[bool, dict[str, object]]:
    """Return whether a value is chosen, and the filters of the link at it, which chooses it or no longer does.

    It is chosen beside the others of its field; but of a category alone, as one below another would narrow nothing.
    """
    filters: dict[str, object] = dict.fromkeys(FILTERS_OF[name])
    filters |= found.filters
    if name not in SEVERAL:
        chosen = all(_same(getattr(asked, parameter), value) for parameter, value in filters.items())
        return chosen, filters
    given: tuple[str, ...] = getattr(asked, name) or ()
    others = tuple(each for each in given if name_key(each) != name_key(found.value))
    chosen = len(others) < len(given)
    return chosen, {name: (others or None) if chosen else (*given, found.value)}


def _same(asked: object, value: object) -> bool:
    """Return whether the only value of a filter is this one."""
    return [*map(name_key, asked)] == [name_key(str(value))] if isinstance(asked, tuple) else asked == value


def _text(name: str, found: Refinement, currency: str | None) -> str:
    if name == "rating":
        return f"{found.value} and up"
    if name != "price":
        return found.value.replace("_", " ") if name == "availability" else found.value
    ends = [found.filters.get(bound) for bound in FILTERS_OF[name]]
    least, most = (amount(end, currency) if isinstance(end, float) else None for end in ends)
    return f"up to {most}" if least is None else f"{least} and more" if most is None else f"{least} to {most}"


def page_url(asked: Filters, changes: Mapping[str, object]) -> str:
    """Return the address of the same search with other parameters; None takes one away."""
    present = asked.model_dump(exclude_defaults=True) | dict(changes)
    given = {name: str(value).lower() if isinstance(value, bool) else value for name, value in present.items()}
    return "/search-page?" + urlencode({name: value for name, value in given.items() if value is not None}, doseq=True)
