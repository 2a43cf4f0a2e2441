"""The numbers and times in the fields of events: the accepted forms, and the sentences of refusal."""

from __future__ import annotations

import re
import struct
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from schemas.times import TIME_MS_BELOW, ms_since_epoch

PRICE_BELOW = 10**12
PRICE_DECIMALS_MAX = 6
EXACT_BELOW = 2**53
"""A double holds every smaller whole number exactly."""
SECONDS_BELOW = 10**11
"""A smaller integer is a time in seconds: as milliseconds it would lie before March 1973."""

DAY_MS, QUARTER_MS = 24 * 3600 * 1000, 15 * 60 * 1000
SINGLE_DIGITS_MAX = 9
"""The significant digits that tell all floats of 32 bits apart."""
_SINGLE = struct.Struct("f")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
"""Any decimal number, also one that the JSON Schema refuses: the error then says what is wrong with a price."""
_PRICE = re.compile(r"[0-9]{1,11}(\.[0-9]{1,4})?", re.ASCII)
"""The texts of prices that need no further check."""
_DIGITS = re.compile("[0-9]{1,20}")
_PRESENT_MS = range(10**12, 10**13)
"""Milliseconds of 13 digits, as those of almost all events have."""
_MILLISECONDS = re.compile("[1-9][0-9]{12}")
"""The same as a text: protobuf and BigQuery write integers of 64 bits as texts into JSON."""
_COMPACT = re.compile(
    "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?", re.ASCII
)
"""A day and a time without signs: 20261130100000 is of 2612 as milliseconds, and without its seconds of 1976."""
_RFC3339_WITHOUT_OFFSET = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?")
_RFC3339 = re.compile(_RFC3339_WITHOUT_OFFSET.pattern + r"([Zz]|[+-][0-9]{2}:[0-9]{2})")


def decimal(value: Any, *, such_as: str = "19.99") -> Decimal:
    """Return the decimal in a string or a JSON number, without the noise of binary floats.

    Raises ValueError, whose sentence gives `such_as` as an example.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f'must be a decimal, as a number or as text like "{such_as}"')
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError(f'{shortened(value)!r} is no decimal: send one like "{such_as}"')
    number = Decimal(value if isinstance(value, str) else repr(value))
    if not number.is_finite():
        raise ValueError("is not finite: send a decimal")
    if isinstance(value, float) and abs(number) < PRICE_BELOW:
        number = _without_noise(value, number)
    return number


def _without_noise(value: float, number: Decimal) -> Decimal:
    rounded = round(number, PRICE_DECIMALS_MAX)
    # A double carries 15 to 17 significant digits: a difference beyond them was not intended.
    if abs(rounded - number) <= abs(number) * Decimal("1e-14"):
        return rounded
    return _of_single_precision(value) or number


def _of_single_precision(value: float) -> Decimal | None:
    """Return the shortest decimal that a float of 32 bits holds as this value, as 19.99 for 19.989999771118164; None
    if the value is no float of 32 bits."""
    if _single(value) != value:
        return None
    shortest = (f"{value:.{digits}g}" for digits in range(1, SINGLE_DIGITS_MAX + 1))
    return next((Decimal(text) for text in shortest if _single(float(text)) == value), None)


def _single(value: float) -> float:
    """Return the nearest float of 32 bits."""
    nearest: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return nearest


def price(value: Any) -> float:
    """Return a price, at least 0, with six decimals at most. Raises ValueError."""
    if type(value) is int and 0 <= value < PRICE_BELOW:  # Two of three prices are whole or have two decimals.
        return float(value)
    if type(value) is float and 0 <= value < 1e6 and value == round(value, 2):
        return value + 0.0  # No negative zero.
    if type(value) is str and _PRICE.fullmatch(value):
        return float(value)
    number = decimal(value)
    if number < 0 or (number.is_signed() and isinstance(value, str)):
        raise ValueError(f"{shortened(value)} is negative: send 0 or more")
    if number >= PRICE_BELOW:
        raise ValueError(f"{shortened(value)} is too great: send less than {PRICE_BELOW}")
    if number != round(number, PRICE_DECIMALS_MAX):
        raise ValueError(f"{shortened(value)} has too many decimals: send at most {PRICE_DECIMALS_MAX}")
    held = float(number) + 0.0  # No negative zero.
    if held >= PRICE_BELOW:
        raise ValueError(f"{shortened(value)} is too great to be held with its decimals: send a lower price")
    return held


def rating_hundredths(value: Any) -> int:
    """Return a rating of 1 to 5 in hundredths. Raises ValueError."""
    if type(value) is int and 1 <= value <= 5:
        return value * 100
    number = decimal(value, such_as="4.5")
    if not 1 <= number <= 5:
        raise ValueError(f"{shortened(value)} is outside 1 to 5: send one like 4.5")
    return int((number * 100).to_integral_value(ROUND_HALF_UP))


def whole(value: Any) -> Any:
    """Return the int of a version that came as digits in a text, or as a number such as 7.0, which JSON Schema calls an
    integer.
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def shortened(value: object) -> str:
    """Return the beginning of a value, for the sentence of a refusal."""
    text = str(value)
    return text if len(text) <= 30 else text[:30] + "..."


def milliseconds(value: Any) -> int:
    """Return milliseconds since the epoch from an RFC 3339 time with offset or an integer. Raises ValueError."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        value = int(value) if _MILLISECONDS.fullmatch(value) else _checked(_from_rfc3339(value), value)
    elif type(value) is int and 0 <= value < SECONDS_BELOW:
        raise ValueError(f"{value} looks like seconds: send milliseconds since the epoch, or an RFC 3339 time")
    elif type(value) is int and value not in _PRESENT_MS and _COMPACT.fullmatch(str(value)):
        raise ValueError(f"{value} looks like a date without signs: send milliseconds, or an RFC 3339 time")
    if type(value) is not int:
        raise ValueError("must be an RFC 3339 time, or an integer of milliseconds since the epoch")
    if not 0 <= value < TIME_MS_BELOW:
        raise ValueError(f"{shortened(value)} is outside the years 1970 to 9999: send milliseconds since the epoch")
    return value


def sale_boundary(value: Any) -> int:
    """Return the milliseconds of a time that a sale begins or ends at, as `milliseconds` does.

    A text before 1970 or after 9999 counts as the first or the last time that there is: databases write "always" and
    "never" as 0001-01-01 and 9999-12-31, whose offset may lead beyond.
    """
    if not isinstance(value, str) or _MILLISECONDS.fullmatch(value):
        return milliseconds(value)
    return min(max(_checked(_from_rfc3339(value), value), 0), TIME_MS_BELOW - 1)


def _checked(time_ms: int, text: str) -> int:
    """Return the time of a text. Raises ValueError for a time that a program made by taking seconds for milliseconds.

    Two kinds of times before March 1973 are accepted, as databases write them for no time: those on the first day of
    1970, and midnight of any zone, which is a whole number of quarters of an hour.
    """
    if DAY_MS < time_ms < SECONDS_BELOW and time_ms % QUARTER_MS:
        raise ValueError(f"{shortened(text)} lies before March 1973, as seconds do that are taken for milliseconds")
    return time_ms


def _from_rfc3339(text: str) -> int:
    leap_ms = 0
    if not _is_plain(text) or text[17:19] == "60":
        if _RFC3339_WITHOUT_OFFSET.fullmatch(text):
            raise ValueError(f"{shortened(text)!r} has no offset from UTC: add Z or one like +08:00")
        if not _RFC3339.fullmatch(text):
            raise ValueError(f"{shortened(text)!r} is no RFC 3339 time: send one like 2026-01-31T09:30:00Z")
        text = text.upper()
        if text[17:19] == "60":  # A leap second is the second after the one before it: days here have none.
            leap_ms, text = 1000, f"{text[:17]}59{text[19:]}"
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{shortened(text)!r} is no RFC 3339 time: send one like 2026-01-31T09:30:00Z") from None
    return ms_since_epoch(time) + leap_ms


def _is_plain(text: str) -> bool:
    """Return whether the text has the form 2026-01-31T09:30:00Z, the most frequent one; its digits are not checked."""
    return len(text) == 20 and text[4] + text[7] + text[10] + text[13] + text[16] + text[19] == "--T::Z"
