"""The change of a database row as the bodies of events, with the stamps that order them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import InvalidEvent
from schemas.events import parse
from schemas.times import TIME_MS_BELOW
from workers.sources.column_values import is_hidden
from workers.sources.connect_schema import column_types
from workers.sources.mapping import OBJECTS, VISIBLE, by_name, mapped
from workers.sources.messages import (
    MISSHAPEN,
    Body,
    id_in_key,
    in_one_line,
    key_columns,
    key_schema,
    without_false_sale,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.sources.connect_values import ColumnReader
    from workers.sources.mapping import FieldSource

PARTS = {"products": ("product_id",), "prices": ("product_id", "seller"), "reviews": ("product_id", "review_id")}
"""The fields that say which product, offer or review an event is about."""
NEEDED = {"prices": "price", "reviews": "rating"}
"""The fields without which a row is no offer and no review."""
IDENTITY_FULL = "set REPLICA IDENTITY FULL on the table"
"""The way to have PostgreSQL log deleted rows whole."""
POSITION_BITS = 63
"""The bits of a position in the log of a database. A version has one more, which tells two steps of a change apart."""
SET, DELETED, BEFORE = 1, 0, -1
"""The steps of one entry of the log: what it sets, what it deletes or clears, and what is cleared before that."""


class RowChange(NamedTuple):
    """The fate of one row: inserted, updated or deleted."""

    deleted: bool
    row: Mapping[str, Any]
    """The row after the change; the row before it if it was deleted."""
    types: Mapping[str, ColumnReader]
    """The readers of columns that need their schema; empty where the record has none."""
    key: bytes | None
    position: int | None
    """The position of the change in the log of its database; None if it is not known."""
    committed_at_ms: int | None
    is_whole: bool = False
    """True for a deleted row with the values that the table had; else only the columns of its key can be trusted."""
    is_key: bool = False
    """True for a deleted row of which only its key came, as in a null record."""


def bodies_of(topic: str, sources: Sequence[FieldSource] | None, change: RowChange, *, whole_rows: bool) -> list[Body]:
    """Return the bodies of the events of a change. Without `sources` the columns are named as our fields.

    `whole_rows`: whether each deleted row of the topic has the values that the table had. Raises InvalidEvent.
    """
    if sources is None:
        sources = by_name(tuple(change.row))
        if "product_id" not in change.row:
            columns = in_one_line(change.row)
            raise InvalidEvent(
                f"product_id: no column has this name, only {columns}: give a `mapping` in FRESHLINE_SOURCES"
            )
    if change.deleted:
        named = _identity(topic, sources, change, is_whole=(whole_rows and not change.is_key) or change.is_whole)
        return [Body(topic, named | {"op": "delete"} | _stamp(change, DELETED))]
    if topic == "products" and _is_hidden(sources, change):
        return _hidden(sources, change)
    return _set(topic, sources, change, SET)


def _is_hidden(sources: Sequence[FieldSource], change: RowChange) -> bool:
    for source in sources:
        if source.field == VISIBLE and (source.column is None or source.column in change.row):
            said = mapped(change.row, [source], change.types)[0]
            return VISIBLE in said and is_hidden(said[VISIBLE])
    return False


def _hidden(sources: Sequence[FieldSource], change: RowChange) -> list[Body]:
    """Return the bodies that hide a product.

    It is no delete: that voids the prices, and nobody sends them again when the product is shown again. The row is
    folded too, one step earlier, since a later change may log some of its columns only. Whatever else the row holds, it
    must not be shown, so that a row that cannot be read is hidden all the same.
    """
    named = mapped(change.row, [each for each in sources if each.field == "product_id"], change.types)[0]
    hide = Body("products", named | {"op": "patch", "title": None} | _stamp(change, SET), hides=True)
    if not _is_ordered(change, DELETED):
        return [hide]
    try:
        row = [body._replace(hides=True) for body in _set("products", sources, change, DELETED)]
        for body in row:
            parse(body.topic, None, orjson.dumps(body.fields), arrived_at_ms=TIME_MS_BELOW, event_time_ms=None)
    except (InvalidEvent, *MISSHAPEN):
        return [hide]
    return [hide, *row]


def _set(topic: str, sources: Sequence[FieldSource], change: RowChange, step: int) -> list[Body]:
    fields, not_logged = mapped(change.row, sources, change.types)
    fields.pop(VISIBLE, None)
    stamp = _stamp(change, step)
    needed = NEEDED.get(topic)
    if needed in fields and fields[needed] in (None, ""):
        return [Body(topic, _named(topic, fields) | {"op": "delete"} | stamp)]
    if not not_logged:
        return [Body(topic, without_false_sale(fields) | stamp)]
    bodies = [Body(topic, dict.fromkeys(fields) | without_false_sale(fields) | {"op": "patch"} | stamp)]
    cleared = [name for name in OBJECTS if name not in not_logged and isinstance(fields.get(name), dict)]
    if cleared and _is_ordered(change, step - 1):
        # A patch joins languages and attributes by name. Those that the row had before are cleared one step earlier.
        clear = _named(topic, fields) | {"op": "patch"} | dict.fromkeys(cleared)
        bodies.append(Body(topic, clear | _stamp(change, step - 1)))
    return bodies


def _named(topic: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields.get(name) for name in PARTS[topic]}


def _is_ordered(change: RowChange, step: int) -> bool:
    """Return whether a change has steps down to this one."""
    return change.committed_at_ms is not None or (change.position is not None and step > BEFORE)


def _stamp(change: RowChange, step: int) -> dict[str, int]:
    """Return the version and time of a step of a change. Raises InvalidEvent for a position that is none.

    A changed primary key is a delete and a create at one position; if both are of one offer, the create counts. A
    delete is a millisecond earlier than its commit: it voids the prices before it, not those of its own transaction.
    Without a position this millisecond alone lets a row stay that a transaction deletes and inserts again.
    """
    if change.position is not None and change.position >> POSITION_BITS:
        raise InvalidEvent(f"source: the position {change.position} has not {POSITION_BITS} bits: check the connector")
    version = {} if change.position is None else {"version": 2 * change.position + max(step, DELETED)}
    return version if change.committed_at_ms is None else version | {"updated_at": change.committed_at_ms - SET + step}


def _identity(topic: str, sources: Sequence[FieldSource], change: RowChange, *, is_whole: bool) -> dict[str, Any]:
    """Return the fields that name what was deleted. Raises InvalidEvent if the record does not know them.

    The connector of PostgreSQL invents the values of a deleted row in all columns but those of the key: a default of
    the table, which may well be the name of a seller.
    """
    columns = key_columns(change.key)
    row = change.row
    if columns is not None:
        # The text of a Struct is not the value that its schema describes; that of JSON goes before what is invented.
        is_text = (change.key or b"").startswith(b"Struct{")
        row = columns | dict(row) if is_text or is_whole else dict(row) | columns
    named = [source for source in sources if source.field in PARTS[topic]]
    for source in named:
        if source.column is None or is_whole or (columns is not None and source.column in columns):
            continue
        if columns is None and change.key and _is(change.key, row.get(source.column)):
            continue
        why = f"the column {source.column!r} is not in the key of the record" if change.key else "the record has no key"
        rewritten = ", and let the transformation rewrite deletes" if change.is_key else ""
        raise InvalidEvent(
            f"{source.field}: the delete does not say which, as {why}: make the column a part of the key of the table, "
            f"or {IDENTITY_FULL} and `replica_identity: full` in FRESHLINE_SOURCES{rewritten}"
        )
    types = {**change.types, **column_types(key_schema(change.key)).row}  # A null record has no other schema.
    found = mapped(row, named, types)[0]
    if is_whole and found.get("product_id") in (None, ""):
        raise InvalidEvent(f"product_id: is empty in the row that was deleted: {IDENTITY_FULL}, if it has not")
    return found


def _is(key: bytes, value: Any) -> bool:
    """Return whether a key that is no object is this value of a row."""
    try:
        return id_in_key(key) == str(value)
    except InvalidEvent:
        return False
