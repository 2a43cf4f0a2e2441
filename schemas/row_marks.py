"""The marks with which pipelines and databases say that a row is gone, or that a value in it is none."""

from __future__ import annotations

from base64 import b64encode
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
    )
)
"""Names of the operation that made a row, without the underscores and the pipeline before them: those of Debezium,
GoldenGate, AWS DMS, PeerDB, Sling, Delta Lake, BigQuery, Snowflake, SQL Server and Flink."""
_GONE = frozenset(("d", "-d", "delete", "deleted", "t", "truncate", "update_preimage", "update_before", "-u"))
"""Values of such an operation, in lower case, for a row that is gone, or that is the one before a change."""
_GONE_NUMBERS = ("1", "3")
"""The same of SQL Server's change tables: a row that is gone, and one before a change."""
_FLAGS = ("deleted", "tombstone", "removed")
_NEVER = ("0000-00-00", "0001-01-01", "1970-01-01", "null", "none", "false", "0")
"""The beginnings of texts that say `never` in a column of times."""
_IN_ANY_CASE = (
    "op",
    "op_type",
    "metadata$action",
    "sys_change_operation",
    "rowkind",
    "is_deleted",
    "deleted",
    "deleted_at",
)
WITHOUT_UNDERSCORE = frozenset(
    [name for mark in _IN_ANY_CASE for name in (mark, mark.upper(), mark.title(), mark.title().replace("_", ""))]
    + ["isDeleted", "deletedAt", "opType", "rowKind"]
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
    if isinstance(said, dict):  # Estuary Flow has the operation in `_meta`.
        return name == "_meta" and _is_gone("_op", said.get("op"))
    bare = name.lower().lstrip(_METADATA)
    if bare in _OPERATIONS or (name.startswith(_METADATA) and bare.endswith(("_cdc_op", "_synced_op"))):
        return str(said).strip().lower() in _GONE
    if bare == "$operation":
        return str(said) in _GONE_NUMBERS
    if bare.endswith(("deleted_at", "deletedat")):
        return bool(said) and not str(said).strip().lower().startswith(_NEVER)
    return bare.endswith(_FLAGS) and is_set(said)
