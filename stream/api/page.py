"""The search page: a search box and the hits. It works without scripts; pictures come from where the shop has them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import RefusedRequest
from schemas.queries import QUERY_CHARS_MAX, Filters, SearchRequest, SortBy
from schemas.recommendations import GivenIds
from stream.api.page_refinements import PAGE_FACETS, chosen_filters, facet_links, kept_filters, page_url
from stream.api.parameter_refusals import refusal
from stream.runtime.printing import ago, amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jinja2 import Template

    from schemas.answers import Hit, SearchAnswer, ShownOffer
    from stream.api.services import SearchApi

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SORTS = {
    "relevance": "most relevant first",
    "price_asc": "lowest price first",
    "price_desc": "highest price first",
    "rating": "best rated first",
    "newest": "newest first",
}

OFFERS_AT_FIRST = 5
"""The offers of a hit that are open on the page, the cheapest; an item may have 200."""


class PageParameters(Filters):
    """The fields of the form; an empty field counts as absent."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    q: str = Field("", max_length=QUERY_CHARS_MAX)
    sort: SortBy = "relevance"
    live: bool = False
    """True if the page searches again by itself."""
    understand: bool = True
    """True if words such as `under 500` may become filters."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if value not in ("", [])}

    def search_request(self, facets: Sequence[str]) -> SearchRequest | None:
        """Return the search that the form asks for; None: no search yet. Raises RefusedRequest."""
        filters = self.model_dump(include=set(Filters.model_fields))
        if not self.q and not self.any:
            return None
        try:
            return SearchRequest(
                q=self.q or None,
                sort=self.sort,
                facets=list(facets),
                understand=self.understand,
                highlight=True,
                **filters,
            )
        except ValidationError as error:
            field, _, message = error.errors()[0]["msg"].removeprefix("Value error, ").partition(": ")
            raise RefusedRequest(field, message) from None


def page_parameters(given: Iterable[tuple[str, str]]) -> PageParameters:
    """Return the fields of the form, some of which may be there several times.

    Raises RefusedRequest, so that a person reads a sentence on the page.
    """
    values: dict[str, list[str]] = {}
    for name, value in given:
        values.setdefault(name, []).extend([value] if value.strip() else [])
    try:
        return PageParameters.model_validate(
            {name: each[0] if len(each) == 1 else each for name, each in values.items()}
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise refusal({**first, "loc": ("query", *first["loc"])}) from None


class ChangesParameters(BaseModel):
    """The parameters of GET /search-page/changes, with which a live page waits for a change of the items it shows."""

    model_config = ConfigDict(extra="forbid")

    id: GivenIds = Field(min_length=1)
    since_ms: int = Field(ge=0)
    wait_ms: int = Field(ge=0, le=1_000)


async def page_answer(searches: SearchApi, asked: PageParameters) -> SearchAnswer | None:
    """Search as the form asks, with the refinements that can be had. None: no search yet. Raises RefusedRequest."""
    try:
        request = asked.search_request(PAGE_FACETS)
        return await searches.search(request, None, 0) if request else None
    except RefusedRequest as refused:
        if refused.field != "facets":
            raise
    # Prices of several currencies have no ranges.
    request = asked.search_request([name for name in PAGE_FACETS if name != "price"])
    return await searches.search(request, None, 0) if request else None


def render_page(asked: PageParameters, answer: SearchAnswer | None, refused: str = "") -> str:
    """Return the page as HTML. All values from outside are escaped, and marks of direction in them end with them.

    `refused`: why there is no answer.
    """
    return _template().render(
        asked=asked,
        answer=answer,
        refused=refused,
        facets=facet_links(asked, answer) if answer else [],
        chosen=chosen_filters(asked),
        kept=kept_filters(asked),
        typed_url=page_url(asked, {"understand": False}),
        meant_url=page_url(asked, {"q": answer.did_you_mean, "understand": None}) if answer else "",
        why_url=why_url,
        sorts=SORTS,
        query_chars_max=QUERY_CHARS_MAX,
    )


def why_url(asked: PageParameters, product_id: str) -> str:
    """Return the address of the dashboard that tells the life of a product, and why this search finds it."""
    given = {"product": product_id, "q": asked.q, **({} if asked.understand else {"understand": "false"})}
    return f"/?{urlencode([*given.items(), *kept_filters(asked)])}#product"


def web_link(link: str | None) -> str | None:
    """Return the link if it leads to the web, else None: a shop's feed may hold anything, `javascript:` too."""
    try:
        return link if link and urlsplit(link).scheme in ("http", "https") else None
    except ValueError:  # For example an address in brackets that is no address.
        return None


def picture_link(link: str | None) -> str | None:
    """Return the link if it leads to the web by https, else None: others would be blocked by the page's policy."""
    return link if web_link(link) and (link or "").startswith("https://") else None


def offer_parts(hit: Hit) -> list[Sequence[ShownOffer]]:
    """Return the offers that are open on the page, the cheapest in the hit's currency, and the others, if any."""
    offers = sorted(hit.offers, key=lambda offer: (offer.currency != hit.currency, offer.price))
    return [part for part in (offers[:OFFERS_AT_FIRST], offers[OFFERS_AT_FIRST:]) if part]


@cache
def _template() -> Template:
    environment = Environment(loader=PackageLoader("stream.api", ""), autoescape=True, undefined=StrictUndefined)
    environment.filters["web_link"] = web_link
    environment.filters["picture_link"] = picture_link
    environment.filters["offer_parts"] = offer_parts
    environment.filters["amount"] = amount
    environment.filters["ago"] = ago
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    return environment.get_template("page.html")
