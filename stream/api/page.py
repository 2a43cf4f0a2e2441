"""The plain page at /: a search box and the hits, without scripts or anything from another site."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field

from schemas.queries import QUERY_CHARS_MAX, SearchRequest
from stream.runtime.printing import amount

if TYPE_CHECKING:
    from jinja2 import Template

    from schemas.queries import SearchAnswer

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageParameters(BaseModel):
    """The fields of the form; an empty field counts as absent."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    q: str = Field("", max_length=QUERY_CHARS_MAX)
    live: bool = False
    """Whether the page searches again every two seconds."""

    def search_request(self) -> SearchRequest | None:
        """Return the search that the form asks for; None: no search yet."""
        return SearchRequest(q=self.q) if self.q else None


def render_page(asked: PageParameters, answer: SearchAnswer | None) -> str:
    """Return the page as HTML. All values from outside are escaped."""
    return _template().render(asked=asked, answer=answer, query_chars_max=QUERY_CHARS_MAX)


def web_link(link: str | None) -> str | None:
    """Return the link if it leads to the web, else None: a shop's feed may hold anything, `javascript:` too."""
    try:
        return link if link and urlsplit(link).scheme in ("http", "https") else None
    except ValueError:  # Such as an address in brackets that is none.
        return None


@cache
def _template() -> Template:
    environment = Environment(loader=PackageLoader("stream.api", ""), autoescape=True, undefined=StrictUndefined)
    environment.filters["web_link"] = web_link
    environment.filters["amount"] = amount
    return environment.get_template("page.html")
