"""Refinements: the values that found items have, each with how many have it. A search answers them as `facets`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from schemas.texts import cleaned, name_of

FILTERS_OF = {
    "brand": ("brand",),
    "category": ("category",),
    "seller": ("seller",),
    "availability": ("availability",),
    "price": ("min_price", "max_price"),
    "rating": ("min_rating",),
}
"""The fields that can be refined by, besides `attributes.<name>`, each with its own filters, which do not narrow its
counts."""
ATTRIBUTE = "attributes."
ATTRIBUTE_CHARS_MAX = 128
FIELDS_MAX = 16
"""The most fields of one search."""


class Refinement(BaseModel):
    """A value, and the number of items that a search finds with it."""

    value: str
    """The value as most of the items write it. A range of prices is "50-99.99", or without a bound "-49.99" or "100-";
    a rating is the least one."""
    count: int
    """The number of found items that have it, with all filters of the search but those of this field."""
    filters: dict[str, str | float]
    """The parameters that leave these items, instead of those of this field. An attribute whose name has a colon has
    none."""
    children: list[Refinement] = Field(default_factory=list)
    """The next levels of a category."""


def _split(given: object) -> object:
    """Return the names in one text or several, each of which may have several with commas between."""
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        return given
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _known(names: list[str]) -> list[str]:
    """Return each facet once, attributes by the names that events give them. Raises ValueError for an unknown facet."""
    names = [
        f"{ATTRIBUTE}{name_of(cleaned(name[len(ATTRIBUTE) :]))}" if name.startswith(ATTRIBUTE) else name
        for name in names
    ]
    for name in names:
        attribute = name.removeprefix(ATTRIBUTE)
        if name not in FILTERS_OF and (attribute == name or not 0 < len(attribute) <= ATTRIBUTE_CHARS_MAX):
            shown = name[:ATTRIBUTE_CHARS_MAX]
            raise ValueError(
                f"there is no facet {shown}: use {', '.join(FILTERS_OF)}, or {ATTRIBUTE}NAME of an attribute"
            )
    distinct = list(dict.fromkeys(names))
    if len(distinct) > FIELDS_MAX:
        raise ValueError(f"{len(distinct)} facets are asked for, and one search counts {FIELDS_MAX} at most")
    return distinct


FacetNames = Annotated[list[str], BeforeValidator(_split), AfterValidator(_known)]
"""The names of fields, as a list or a text with commas."""
