"""The marks with which pipelines and databases say that a row is gone, or that a value in it is none."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from schemas.errors import InvalidEvent
from schemas.texts import is_set

if TYPE_CHECKING:
    from collections.abc import Mapping

_METADATA = "_"
_UNAVAILABLE = b"__debezium_unavailable_value"
_UNAVAILABLE_BASE64 = b64encode(_UNAVAILABLE)
"""The same in a column of bytes."""
_OPERATIONS = frozenset(
    (
        "op",
        "op_type",
        "cdc_op",
        "synced_op",
        "dbz__op",
        "change_type",
        "metadata$action",
        "sys_change_operation",
        "rowkind",
        "hoodie_operation",
    )
)
"""Names of the operation that made a row, without the underscores and the pipeline before them: those of Debezium,
GoldenGate, AWS DMS, PeerDB, Sling, Delta Lake, BigQuery, Snowflake, SQL Server, Flink and Hudi."""
_OPERATION_ENDS = ("_cdc_op", "_synced_op", "_change_type")
"""The ends of such names behind an underscore and the name of a pipeline."""
_GONE = frozenset(("d", "-d", "delete", "deleted", "t", "truncate", "update_preimage", "update_before", "-u"))
"""Values of such an operation, in lower case, for a row that is gone, or that is the one before a change."""
_GONE_NUMBERS = ("1", "3")
"""The same of SQL Server's change tables: a row that is gone, and one before a change."""
_OF_STARROCKS = ("__op", "1")
"""The operation of a row for StarRocks that is gone."""
_NEGATIVE = ("-1", "-1.0")
"""The sign of a row that ClickHouse takes for gone."""
_PIPELINES = (
    "fivetran|sdc|airbyte|ab|ab_cdc|cdc|hevo|peerdb|dbz|debezium|sling|dlt|dms|stitch|snowflake|artie|streamkap|estuary|flow"
    "|rivery|hoodie|metadata|datastream|doris|meltano|matillion|striim|qlik|segment|polytomic|mongo|connect|kafka|synced|source"
)
_MARK = re.compile(
    rf"(?:(?:{_PIPELINES})_+)?(?:(?:is|was|marked|marked_as|soft|row|record)_?)?(?:(deleted_?at)|deleted?|del(?:ete)?_?flag|delete_sign_*|tombstone|removed)"
)
"""The names, without the underscores before them, of flags and times of a deletion. A name that only ends in such a
word may be a fact: `_not_deleted`, `_paint_removed`."""
_NEVER = frozenset(
    r"null none nil nat nan na n/a never no n f false - infinity -infinity inf -inf undefined (null) \n".split()  # noqa: SIM905
)
"""Texts, in lower case, that say `never` in a column of times."""
_NOUGHT = re.compile(r"0[0\W_tz]*|0000-.*|[+-][0-9]{4,}-[0-9]{2}.*")
"""A time of noughts alone or of the year 0, and years of more than four digits or before Christ."""
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]+)?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})(?:\D.*)?")
_TYPES_OF_MONGODB = frozenset(("$date", "$numberLong", "$numberInt"))
"""The names under which MongoDB's JSON, of its connectors and exports, has a value with its type."""
_FIRST_TIME = datetime(1970, 1, 2, tzinfo=UTC)
"""No row was deleted before. A day after the epoch, which is the 2nd of January in the zones ahead of UTC."""
_LAST_YEAR = 9999
_NUMBERS_OF_NEVER = (
    *(range(253_370_764_800 * unit, 253_402_300_800 * unit) for unit in (1, 1_000, 1_000_000)),
    range(2**63 - 10**15, 2**63),
)
"""The year 9999 in seconds, milliseconds and microseconds since the epoch, and the end of 64 bits."""
_IN_ANY_CASE = (
    "op",
    "op_type",
    "metadata$action",
    "sys_change_operation",
    "rowkind",
    "is_deleted",
    "deleted",
    "deleted_at",
    "is_delete",
    "del_flag",
    "delete_flag",
)
WITHOUT_UNDERSCORE = frozenset(
    [name for mark in _IN_ANY_CASE for name in (mark, mark.upper(), mark.title(), mark.title().replace("_", ""))]
    + ["isDeleted", "deletedAt", "isDelete", "delFlag", "deleteFlag", "opType", "rowKind"]
) - {"op"}
"""Names without an underscore before them by which a row says that it is gone. `op` is a field of ours."""


def check_marks(body: Mapping[str, Any], value: bytes) -> None:
    """Raise InvalidEvent for a row of change data capture that does not mean what its fields say.

    `value` is the JSON that the body is in.
    """
    has_metadata = b'"_' in value
    if has_metadata or not WITHOUT_UNDERSCORE.isdisjoint(body):
        for name, said in body.items():
            if (name.startswith(_METADATA) or name in WITHOUT_UNDERSCORE) and _is_gone(name, said):
                raise InvalidEvent(
                    f"the row is marked as deleted by {name[:40]}: configure `format: debezium-unwrapped` if Debezium "
                    "sends it, or send op delete"
                )
    if (has_metadata or _UNAVAILABLE_BASE64 in value) and (_UNAVAILABLE in value or _UNAVAILABLE_BASE64 in value):
        raise InvalidEvent(
            f"it has {_UNAVAILABLE.decode()} for a value that was not sent: configure `format: debezium-unwrapped`, "
            "or leave such fields out and send op patch"
        )


def _is_gone(name: str, said: Any) -> bool:
    while isinstance(said, dict) and len(said) == 1 and not _TYPES_OF_MONGODB.isdisjoint(said):
        [said] = said.values()
    if isinstance(said, list):  # As a text it may be nested more deeply than Python follows.
        said = "a list" if said else ""
    if isinstance(said, dict):
        return name == "_meta" and _is_gone("_op", said.get("op"))  # Estuary Flow marks a deletion so.
    bare = name.lower().lstrip(_METADATA)
    if bare in _OPERATIONS or (name.startswith(_METADATA) and bare.endswith(_OPERATION_ENDS)):
        return str(said).strip().lower() in _GONE or (name, str(said)) == _OF_STARROCKS
    if name == "_sign":
        return str(said) in _NEGATIVE
    if bare == "$operation":
        return str(said) in _GONE_NUMBERS
    mark = _MARK.fullmatch(bare)
    if mark is None:
        return False
    return _is_moment(said) if mark[1] else is_set(said)


def _is_moment(said: Any) -> bool:
    """Return whether the value of a column of times is a time at which a row was deleted: it may stand for never."""
    if not said or isinstance(said, bool):
        return bool(said)
    text = str(said).strip().lower()
    if not text or text in _NEVER or _NOUGHT.fullmatch(text):
        return False
    if _NUMBER.fullmatch(text):
        number = int(text.partition(".")[0])
        return number > 0 and not any(number in numbers for numbers in _NUMBERS_OF_NEVER)
    return not _is_time_of_never(text)


def _is_time_of_never(text: str) -> bool:
    if day_first := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, day_first.groups())
        return year < _FIRST_TIME.year or year >= _LAST_YEAR or (day, month, year) == (1, 1, _FIRST_TIME.year)
    try:
        time = datetime.fromisoformat(text.removesuffix("utc").strip().upper())
    except ValueError:
        return False
    return (time if time.tzinfo else time.replace(tzinfo=UTC)) <= _FIRST_TIME or time.year >= _LAST_YEAR
