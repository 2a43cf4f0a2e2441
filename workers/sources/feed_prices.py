"""Prices as feeds write them: "15.00 USD", "USD 15", "1.299,00 EUR"."""

from __future__ import annotations

import re
from typing import Any

from schemas.currencies import DECIMALS, SIGNS_OF_ONE
from schemas.errors import InvalidEvent
from schemas.texts import visible

THOUSANDS_DIGITS = 3
_NUMBER = r"([0-9]+(?:[.,'’\s][0-9]+)*[.,]?|[.,][0-9]+)"
_PRICE = re.compile(rf"\s*(?:{_NUMBER}\s*([A-Za-z]{{3}})|([A-Za-z]{{3}})\s*{_NUMBER})\s*")
_GROUPED = re.compile(
    r"[0-9]{1,3}([\s'’])[0-9]{3}(?:\1[0-9]{3})*(?:[.,][0-9]*)?"  # 1 299 or 1'299.00
    r"|[0-9]{1,3}([.,])[0-9]{3}(?:\2[0-9]{3})+(?:(?!\2)[.,][0-9]*)?"  # 1,299,000
    r"|[0-9]{1,3}([.,])[0-9]{3}(?!\3)[.,][0-9]*"  # 1,299.00
    r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]*)?"  # 1,29,900.00, as India groups digits
)
"""Numbers whose digits are in groups without any doubt, each followed by at most one sign of decimals."""
_WITHOUT_DECIMALS = re.compile(r"(?<=[0-9])[.,][-–—]+(?![0-9])")
"""The decimals of `15.-` and `15,- €`."""
_MAY_BE_THOUSANDS = re.compile(rf"[1-9][0-9]{{0,2}}[.,][0-9]{{{THOUSANDS_DIGITS}}}")


def money(field: str, text: Any) -> tuple[str, str]:
    """Return (amount, currency) of "15.00 USD", "15,00 EUR", "1,299.00 USD" or "15 €".

    Three digits after a single comma or point may be thousands or decimals, as countries differ. They are thousands if
    the currency has no decimals, and decimals if it has three of them and the sign is a point. Raises InvalidEvent if
    it remains in doubt, and for a text that is no price.
    """
    shown = visible(str(text)).strip()  # Hebrew and Arabic have marks of direction around the number and its sign.
    found = _PRICE.fullmatch(_with_a_code(_WITHOUT_DECIMALS.sub("", shown)))
    if found is None:
        raise InvalidEvent(f'{field}: {str(text)[:30]!r} is no price: send one like "15.00 USD"')
    number, currency = found[1] or found[4], (found[2] or found[3]).upper()
    if _MAY_BE_THOUSANDS.fullmatch(number):
        decimals = DECIMALS.get(currency)
        if decimals == 0:
            return re.sub("[.,]", "", number), currency
        if decimals != THOUSANDS_DIGITS or "," in number:
            raise InvalidEvent(f'{field}: {str(text)[:30]!r} may be in thousands or not: send one like "15.00 USD"')
    return _with_a_point(field, number), currency


def _with_a_code(text: str) -> str:
    """Return a price with the code of its currency where it has a sign that means one alone."""
    for sign, code in SIGNS_OF_ONE.items():
        if text.startswith(sign):
            return f"{code} {text.removeprefix(sign)}"
        if text.endswith(sign):
            return f"{text.removesuffix(sign)} {code}"
    return text


def _with_a_point(field: str, number: str) -> str:
    """Return a number without its groups, and with a point before its decimals."""
    signs = [character for character in number if not character.isdigit()]
    if len(signs) > 1 and not _GROUPED.fullmatch(number):
        raise InvalidEvent(f'{field}: {number[:30]!r} is in no groups of three digits: send one like "15.00 USD"')
    if _GROUPED.fullmatch(number):
        decimal = signs[-1] if len(set(signs)) > 1 else None
        whole, _, decimals = number.rpartition(decimal) if decimal else (number, "", "")
        number = re.sub(r"[^0-9]", "", whole) + "." + decimals
    whole, _, decimals = number.replace(",", ".").partition(".")
    return f"{whole or 0}.{decimals}".rstrip(".")
