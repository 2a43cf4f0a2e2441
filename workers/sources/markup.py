"""The text in HTML, for search: words stay whole where a tag is within them, and apart where a block ends."""

from __future__ import annotations

import re
from html import unescape

_OPENING = re.compile(r"<(!--|script\b|style\b)", re.IGNORECASE)
_CLOSING = {
    "!--": re.compile(r"-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}
_WITHIN_WORDS = re.compile(
    r"</?(?:a|b|big|em|font|i|mark|s|small|span|strong|sub|sup|u|wbr)(?:\s[^<>]*)?>", re.IGNORECASE
)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_BLANKS = re.compile(r"\s+")


def text_of(html: str | None) -> str | None:
    """Return the text of HTML without its tags; None for no text. A sign such as `<` in `x<y mug` is no tag."""
    if not html:
        return None
    if "<" in html:
        html = _TAG.sub(" ", _WITHIN_WORDS.sub("", _without_hidden(html)))
    return _BLANKS.sub(" ", unescape(html)).strip() or None


def _without_hidden(html: str) -> str:
    """Return HTML without its comments, scripts and styles, in time linear in its length.

    Once one of a kind is not closed, none behind it is: looking for the end of each would take quadratic time, minutes
    for a description of a megabyte.
    """
    kept, position = list[str](), 0
    unclosed = set[str]()
    for opening in _OPENING.finditer(html):
        kind = opening[1].lower()
        if opening.start() < position or kind in unclosed:
            continue
        closing = _CLOSING[kind].search(html, opening.end())
        if closing is None:
            unclosed.add(kind)
            continue
        kept.append(html[position : opening.start()])
        position = closing.end()
    return " ".join([*kept, html[position:]])
