"""Values of Kafka Connect and Debezium: decimals in bytes, days, microseconds, as the text that people write.

The encodings are those of Debezium's documentation of the PostgreSQL connector, "Data type mappings".
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import a2b_base64
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from schemas.errors import InvalidEvent
from schemas.times import TIME_MS_BELOW, ms_since_epoch, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    ColumnReader = Callable[[Any], Any]

UNAVAILABLE = "__debezium_unavailable_value"
"""Stands where the database did not log a column that is stored out of line (TOAST) and was not changed."""
_UNAVAILABLE_BYTES = b64encode(UNAVAILABLE.encode()).decode()
NOT_LOGGED = (
    UNAVAILABLE,
    _UNAVAILABLE_BYTES,
    [UNAVAILABLE],
    [_UNAVAILABLE_BYTES],
    list(UNAVAILABLE.encode()),
    {UNAVAILABLE: UNAVAILABLE},
)
"""The values of such a column: a text, bytes, arrays of texts, bytes and integers, and an hstore."""
DAYS_BELOW = 1_000_000
"""A smaller number of a time counts days since the epoch: as milliseconds it would be of the first minutes of 1970."""
SECONDS_BELOW = 10**11
MILLISECONDS_BELOW = TIME_MS_BELOW
MICROSECONDS_BELOW = 1_000 * TIME_MS_BELOW
"""Behind the year 9999, which many databases write for "never": a greater number is one of the next smaller unit."""
SCALE_MAX = 100
"""More decimals than any price has: each of them would be a character of text."""
EPOCH = date(1970, 1, 1)
INFINITY, MINUS_INFINITY = "infinity", "-infinity"
"""PostgreSQL's words for a time after and before all others."""
FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"
_INFINITE_DAYS = {
    -622_191_234: INFINITY,
    -625_821_272: MINUS_INFINITY,
    "+292278994-08-16Z": INFINITY,
    "+292269055-12-02Z": MINUS_INFINITY,
}
"""The values that Debezium writes for an infinite `date`, as a number and as a text: days that overflowed (3.6.3)."""

_PER_MILLISECOND = {
    "io.debezium.time.Timestamp": 1,
    "org.apache.kafka.connect.data.Timestamp": 1,
    "io.debezium.time.MicroTimestamp": 1_000,
    "io.debezium.time.NanoTimestamp": 1_000_000,
}
"""Units in a millisecond, by the schemas of times."""
_PER_SECOND_OF_DAY = {
    "io.debezium.time.Time": 1_000,
    "org.apache.kafka.connect.data.Time": 1_000,
    "io.debezium.time.MicroTime": 1_000_000,
    "io.debezium.time.NanoTime": 1_000_000_000,
}
"""Units in a second, by the schemas of times of day, which are no moments."""
_PER_SECOND_OF_SPAN = {"io.debezium.time.MicroDuration": 1_000_000, "io.debezium.time.NanoDuration": 1_000_000_000}
_YEARS = range(1901, 2156)
"""The years of MySQL's type: as days they would be of 1975, where no sale begins or ends."""
_DAYS = ("io.debezium.time.Date", "org.apache.kafka.connect.data.Date")
_WITHOUT_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?")
_IN_OTHER_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r" ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?)?"
)
"""A time without seconds, or with an offset as PostgreSQL and BigQuery write it: `+00`, `+0530`, ` UTC`."""
_NEVER = "0000-00-00"
"""MySQL's text for no time."""
_DIGITS_OF_NUMBERS = range(9, 20)
"""From the digits of seconds to those of 64 bits: a text with others is no time that is a number."""
_COMPACT_FORMATS = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
"""The forms of a time without signs, such as `20260101120000`, by the number of its digits."""
_CENTURIES = ("19", "20")
"""The beginnings of such times. As milliseconds or microseconds these would be of 1976, or of 2572 and later."""
_DECIMAL_WITH_POINT = re.compile(r"-?\d+\.\d+")
_VARIABLE_SCALE = {"scale", "value"}
"""The members of an io.debezium.data.VariableScaleDecimal."""


def decimal_text(encoded: str, scale: int) -> str:
    """Return the decimal of base64 bytes: its unscaled value, big-endian, in two's complement."""
    if abs(scale) > SCALE_MAX:  # Oracle's may be negative: 12 with the scale -3 is 12000.
        raise InvalidEvent(f"the scale {scale} of a decimal is beyond {SCALE_MAX}: correct the type of the column")
    try:
        unscaled = int.from_bytes(a2b_base64(encoded, strict_mode=True), "big", signed=True)
        if not encoded:  # No bytes are no number, not even nought.
            raise ValueError
    except ValueError:
        raise InvalidEvent(f"{encoded[:30]!r} is no decimal in bytes: leave the scale out of the mapping") from None
    if scale <= 0:
        return str(unscaled * 10**-scale)
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    return f"{'-' if unscaled < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def reader(schema: Mapping[str, Any]) -> ColumnReader | None:
    """Return the function that turns the values of a column into texts that need no schema; None where they mean the
    same without one. It raises the errors of schemas and values that are none of Kafka Connect.
    """
    name = schema.get("name")
    if not isinstance(name, str):
        return None
    if name == "org.apache.kafka.connect.data.Decimal":
        return partial(_decimal, schema)
    if name in _PER_MILLISECOND:
        return partial(_time, _PER_MILLISECOND[name])
    if name in _PER_SECOND_OF_DAY:
        return partial(_time_of_day, _PER_SECOND_OF_DAY[name])
    if name in _PER_SECOND_OF_SPAN:
        return partial(_span, _PER_SECOND_OF_SPAN[name])
    return _day if name in _DAYS else None


def of_variable_scale(value: dict[str, Any]) -> Any:
    """Return the decimal whose scale comes with it; any other object as it is."""
    return decimal_text(value["value"], value["scale"]) if value.keys() == _VARIABLE_SCALE else value


def of_scale(value: Any, scale: int) -> Any:
    """Return the text of a decimal in base64 bytes of this scale; a value that is none as it is. Raises InvalidEvent.

    Base64 has no point: one is in the text that another setting of the connector writes.
    """
    is_text = not isinstance(value, str) or not value or _DECIMAL_WITH_POINT.fullmatch(value)
    return value if is_text else decimal_text(value, scale)


def _decimal(schema: Mapping[str, Any], value: Any) -> Any:
    scale = schema["parameters"]["scale"]
    if type(scale) not in (int, str):  # Half a decimal would be another price.
        raise TypeError
    return decimal_text(value, int(scale)) if isinstance(value, str) else value


def _time(per_millisecond: int, value: Any) -> Any:
    if not isinstance(value, int):
        return value
    time_ms = value // per_millisecond
    return rfc3339(time_ms) or (INFINITY if time_ms > 0 else _before_the_epoch(time_ms))


def _time_of_day(per_second: int, value: Any) -> Any:
    if type(value) is not int or not 0 <= value < 24 * 3600 * per_second:
        return value
    seconds, fraction = divmod(value, per_second)
    microseconds = fraction * 1_000_000 // per_second
    return (datetime.min + timedelta(seconds=seconds, microseconds=microseconds)).time().isoformat()


def _span(per_second: int, value: Any) -> Any:
    return f"PT{Decimal(value) / per_second:f}S" if type(value) is int else value


def _before_the_epoch(time_ms: int) -> str:
    try:
        return f"{(datetime(1970, 1, 1) + timedelta(milliseconds=time_ms)).isoformat()}Z"
    except OverflowError:
        return MINUS_INFINITY


def _day(value: Any) -> Any:
    if not isinstance(value, int):
        return _INFINITE_DAYS.get(value, value) if isinstance(value, str) else value
    try:
        return _INFINITE_DAYS.get(value) or (EPOCH + timedelta(days=value)).isoformat()
    except OverflowError:
        return INFINITY if value > 0 else MINUS_INFINITY


def time_value(value: Any) -> Any:
    """Return a time as milliseconds since the epoch, or as the text that it is.

    Without a schema a number says its unit by its size: days, milliseconds, microseconds or nanoseconds. A day begins
    at midnight UTC, and a text without a zone is in UTC. A time before the epoch, or beyond all years, is the first or
    the last time that there is; None for a time that MySQL has for none. Raises InvalidEvent for a number, as text too,
    that could only be seconds or a year.
    """
    if isinstance(value, datetime):
        return ms_since_epoch(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return value.isoformat() + "T00:00:00Z"
    if isinstance(value, str):
        return _time_of_text(value)
    if type(value) is not int:
        return value
    if (time := _of_compact_form(str(value))) is not None:
        return time
    if value in _YEARS:
        raise InvalidEvent(f"{value} looks like a year: map a column that is a time")
    if value < DAYS_BELOW:
        return _time_of_text(_day(value)) if value >= 0 or value in _INFINITE_DAYS else FIRST
    if value < SECONDS_BELOW:
        raise InvalidEvent(f"{value} looks like seconds: send milliseconds, microseconds, or text with an offset")
    if value < MILLISECONDS_BELOW:
        return value
    return value // 1_000 if value < MICROSECONDS_BELOW else value // 1_000_000


def _time_of_text(text: str) -> Any:
    text = _INFINITE_DAYS.get(text, text)
    if text.lower() == INFINITY or text.startswith("+"):  # ISO 8601 gives years beyond 9999 a sign, and those before 0.
        return LAST
    if text.startswith(_NEVER):
        return None
    if text.startswith(("-", "0000-")):
        return FIRST
    if text.isdecimal() and len(text) in _DIGITS_OF_NUMBERS:
        return text if _is_compact(text) and not _of_compact_form(text) else time_value(int(text))
    day = text.removesuffix("Z")
    if len(day) == 10 and day[4:5] == day[7:8] == "-":
        return f"{day}T00:00:00Z"
    if _WITHOUT_ZONE.fullmatch(text):
        return f"{text}Z"
    return _of_other_form(text) if _IN_OTHER_FORM.fullmatch(text) else text


def _is_compact(digits: str) -> bool:
    return len(digits) in _COMPACT_FORMATS and digits.startswith(_CENTURIES)


def _of_compact_form(digits: str) -> str | None:
    """Return the time that digits say in the order of a date; None if they say none."""
    if not _is_compact(digits):
        return None
    try:
        return f"{datetime.strptime(digits, _COMPACT_FORMATS[len(digits)]).isoformat()}Z"
    except ValueError:
        return None


def _of_other_form(text: str) -> str:
    try:
        time = datetime.fromisoformat(re.sub(" ?UTC$", "Z", text).replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return text
    time_ms = ms_since_epoch(time if time.tzinfo else time.replace(tzinfo=UTC))
    return rfc3339(time_ms) or (LAST if time_ms > 0 else FIRST)
