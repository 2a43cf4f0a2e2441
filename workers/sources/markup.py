"""The text in HTML, for search: words stay whole where a tag is within them, and apart where a block ends."""

from __future__ import annotations

import re
from html import unescape

_DROPPED = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
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
        html = _TAG.sub(" ", _WITHIN_WORDS.sub("", _DROPPED.sub(" ", html)))
    return _BLANKS.sub(" ", unescape(html)).strip() or None
