"""The availability of a product in the words of those who send it."""

from __future__ import annotations

import re
from typing import Any

AVAILABILITIES = ("in_stock", "out_of_stock", "preorder", "backorder")
_WORDS_BY_MEANING = {
    "in_stock": (
        "availablefororder limitedavailability onlineonly instoreonly available instore lowstock limitedstock fewleft "
        "yes true auflager lieferbar sofortlieferbar vorrätig verfügbar sofortverfügbar enstock disponible "
        "disponibile enexistencia enexistencias 有货 有貨 现货 現貨 有库存 有庫存 在庫あり"
    ),
    "out_of_stock": (
        "soldout discontinued unavailable notavailable notinstock nostock temporarilyoutofstock currentlyunavailable "
        "no false nichtauflager nichtlieferbar nichtverfügbar nichtvorrätig ausverkauft vergriffen épuisé "
        "rupturedestock enrupturedestock indisponible agotado sinstock nodisponible esaurito nondisponibile "
        "缺货 缺貨 无货 無貨 售罄 售完 没货 沒貨 在庫なし"
    ),
    "preorder": "presale comingsoon vorbestellbar vorbestellung précommande preventa preordine 预售 預售 预订 預訂",
    "backorder": "madetoorder onbackorder specialorder onorder nachbestellt réapprovisionnement",
}
_WORDS = {known.replace("_", ""): known for known in AVAILABILITIES} | {
    word: meaning for meaning, words in _WORDS_BY_MEANING.items() for word in words.split()
}
"""Our words by the letters of those of Google's feeds, of today and before, of schema.org's ItemAvailability, and of
shops in their own language."""
_NO_LETTERS = re.compile(r"[\W\d_]+")
_REMARK = re.compile(r"\s[-–|/]\s|[,;:(]")
"""The beginning of what some add: `In stock - ships in 2 days`."""


def availability_in_our_words(value: Any) -> Any:
    """Return an availability in the words of the schema; a value that says none of them as it is."""
    if not isinstance(value, str) or value in AVAILABILITIES:
        return value
    said = value.rstrip("/ ").rpartition("/")[2] if "://" in value or value.startswith("schema.org/") else value
    return _WORDS.get(_letters(said)) or _WORDS.get(_letters(_REMARK.split(said, maxsplit=1)[0]), value)


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text.casefold())
