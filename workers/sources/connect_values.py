"""Values of Kafka Connect and Debezium: decimals in bytes, days, microseconds, as the text that people write.

The encodings are those of Debezium's documentation of the PostgreSQL connector, "Data type mappings".
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.errors import InvalidEvent
from schemas.times import rfc3339

UNAVAILABLE = "__debezium_unavailable_value"
"""Stands where the database did not log a column that is stored out of line (TOAST) and was not changed."""
DAYS_BELOW = 1_000_000
"""A smaller number of a time counts days since the epoch: as milliseconds it would be of the first minutes of 1970."""
SECONDS_BELOW = 10**11
MILLISECONDS_BELOW = 10**14
MICROSECONDS_BELOW = 10**17
SCALE_MAX = 100
"""More decimals than any price has: each of them would be a character of text."""
EPOCH = date(1970, 1, 1)

_MICROS_IN = {
    "io.debezium.time.Timestamp": 1_000,
    "org.apache.kafka.connect.data.Timestamp": 1_000,
    "io.debezium.time.MicroTimestamp": 1,
}
"""Microseconds in one unit of the schemas of times."""
_DAYS = ("io.debezium.time.Date", "org.apache.kafka.connect.data.Date")


def is_unavailable(value: Any) -> bool:
    """Return whether the value stands for a column that was not logged."""
    kind = type(value)
    return (kind is str and value == UNAVAILABLE) or (kind is list and value == [UNAVAILABLE])


def decimal_text(encoded: str, scale: int) -> str:
    """Return the decimal of base64 bytes: its unscaled value, big-endian, in two's complement."""
    if abs(scale) > SCALE_MAX:  # Oracle's may be negative: 12 with the scale -3 is 12000.
        raise InvalidEvent(f"the scale {scale} of a decimal is beyond {SCALE_MAX}: correct the type of the column")
    try:
        unscaled = int.from_bytes(b64decode(encoded, validate=True), "big", signed=True)
    except NotBase64:
        raise InvalidEvent(f"{encoded[:30]!r} is no decimal in bytes: leave the scale out of the mapping") from None
    return f"{Decimal(unscaled).scaleb(-scale):f}"


def plain_value(value: Any, schema: dict[str, Any] | None) -> Any:
    """Return a value as text that needs no schema; values that mean the same with and without one stay as they are."""
    if isinstance(value, dict) and value.keys() == {"scale", "value"}:  # io.debezium.data.VariableScaleDecimal
        return decimal_text(value["value"], value["scale"])
    if schema is None or value is None:
        return value
    name = schema.get("name")
    if name is None:
        return value
    if name == "org.apache.kafka.connect.data.Decimal" and isinstance(value, str):
        return decimal_text(value, int(schema["parameters"]["scale"]))
    if isinstance(value, int):
        if name in _MICROS_IN:
            return rfc3339(value * _MICROS_IN[name] // 1_000)
        if name == "io.debezium.time.NanoTimestamp":
            return rfc3339(value // 1_000_000)
        if name in _DAYS:
            return (EPOCH + timedelta(days=value)).isoformat()
    return value


def time_value(value: Any) -> Any:
    """Return a time as milliseconds since the epoch, or as the text that it is.

    Without a schema a number says its unit by its size: days, milliseconds, microseconds or nanoseconds. A day begins
    at midnight UTC. Raises InvalidEvent for a number that could only be seconds.
    """
    if isinstance(value, datetime):
        return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
    if isinstance(value, date):
        return value.isoformat() + "T00:00:00Z"
    if isinstance(value, str):
        day = value.removesuffix("Z")
        return f"{day}T00:00:00Z" if len(day) == 10 and day[4:5] == day[7:8] == "-" else value
    if type(value) is not int:
        return value
    if value < DAYS_BELOW:
        return value * 86_400_000
    if value < SECONDS_BELOW:
        raise InvalidEvent(f"{value} looks like seconds: send milliseconds, microseconds, or text with an offset")
    if value < MILLISECONDS_BELOW:
        return value
    return value // 1_000 if value < MICROSECONDS_BELOW else value // 1_000_000
