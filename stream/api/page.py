"""The search page: a search box and the hits. It works without scripts; pictures come from where the shop has them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field

from schemas.queries import QUERY_CHARS_MAX, SearchRequest
from stream.runtime.printing import ago, amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template

    from schemas.queries import Hit, SearchAnswer, ShownOffer

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

OFFERS_AT_FIRST = 5
"""How many offers of a hit are open on the page, the cheapest; an item may have 200."""


class PageParameters(BaseModel):
    """The fields of the form; an empty field counts as absent."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    q: str = Field("", max_length=QUERY_CHARS_MAX)
    live: bool = False
    """Whether the page searches again every second."""
    understand: bool = True
    """Whether words such as `under 500` may become filters."""

    def search_request(self) -> SearchRequest | None:
        """Return the search that the form asks for; None: no search yet."""
        return SearchRequest(q=self.q, understand=self.understand, highlight=True) if self.q else None


def render_page(asked: PageParameters, answer: SearchAnswer | None) -> str:
    """Return the page as HTML. All values from outside are escaped, and marks of direction in them end with them."""
    return _template().render(asked=asked, answer=answer, query_chars_max=QUERY_CHARS_MAX)


def web_link(link: str | None) -> str | None:
    """Return the link if it leads to the web, else None: a shop's feed may hold anything, `javascript:` too."""
    try:
        return link if link and urlsplit(link).scheme in ("http", "https") else None
    except ValueError:  # Such as an address in brackets that is none.
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
