"""The columns of the points of a shard, remembered from one search to the next until their point is written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
from qdrant_edge import PayloadSelector

from workers.index.columns import NUMBER_FIELDS, TEXT_FIELDS, Coded, Codes, Columns, texts_in
from workers.index.edge.operations import id_of
from workers.index.traits import traits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from qdrant_edge import EdgeShard

    from workers.index.writes import Upsert

CODES_SPARE = 10_000
"""The texts of a field that may be remembered beyond one for each point. A text stays when no item has it any more,
until all are forgotten together."""
READ_POINTS = 128
"""The points that are read before the event loop runs something else. They take about a millisecond."""
ROWS_AT_FIRST = 64
AT_ONCE_MAX = 32
"""The most points that are read to check a ranking. If more are unknown, Qdrant Edge checks them faster."""
FIELDS = ("status", *TEXT_FIELDS, *NUMBER_FIELDS)
SELECTED = PayloadSelector.Include([*FIELDS])
UNKNOWN, VISIBLE, NOT_SHOWN = 0, 1, 2


class KnownColumns:
    """Columns by point id. The only process that writes to the shard calls `forget` after each write."""

    def __init__(self, shard: EdgeShard, points_max: int) -> None:
        """`points_max`: the most points that are remembered. All are forgotten beyond."""
        self._shard = shard
        self._points_max = points_max
        self._rows: dict[str, int] = {}
        """The rows of the points whose values are or were known."""
        self._states: NDArray[np.uint8]
        self._codes: dict[str, Codes]
        self._texts: dict[str, NDArray[np.int32]]
        self._numbers: dict[str, NDArray[np.float64]]
        self._clear()

    def forget(self, point_ids: Iterable[str]) -> None:
        """Forget the values of points that were just written."""
        rows = self._rows
        for point in point_ids:
            if point in rows:
                self._states[rows[point]] = UNKNOWN

    def note(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Remember the values of points whose payloads are these at this moment."""
        self._bound()
        for point, payload in payloads.items():
            if point in self._rows or len(self._rows) < self._points_max:
                self._add([point])
                self._note(point, payload)

    async def of(self, point_ids: Sequence[str]) -> Columns:
        """Return the columns of the visible points among these."""
        self._bound()
        if missing := self._missing(point_ids):
            for start in range(0, len(missing), READ_POINTS):
                self._read(missing[start : start + READ_POINTS])
                await asyncio.sleep(0)
            self._read(point_ids)  # Some may have been written meanwhile.
        return self._visible(point_ids)

    def at_hand(self, point_ids: Sequence[str]) -> Columns | None:
        """Return the columns of the visible points among these; None if too many of them would have to be read."""
        if len(self._missing(point_ids)) > AT_ONCE_MAX:
            return None
        self._read(point_ids)
        return self._visible(point_ids)

    def _visible(self, point_ids: Sequence[str]) -> Columns:
        rows = self._rows_of(point_ids)
        shown = self._states[rows] == VISIBLE
        if shown.all():
            return self._at(point_ids, rows)
        return self._at([point_ids[place] for place in np.flatnonzero(shown).tolist()], rows[shown])

    def _at(self, points: Sequence[str], rows: NDArray[np.intp]) -> Columns:
        texts = {field: Coded(codes[rows], self._codes[field].texts) for field, codes in self._texts.items()}
        numbers = {field: values[rows] for field, values in self._numbers.items()}
        return Columns(dict(zip(points, range(len(points)), strict=True)), texts, numbers)

    def _missing(self, point_ids: Sequence[str]) -> list[str]:
        rows = np.array([self._rows.get(point, -1) for point in point_ids], dtype=np.intp)
        unknown = (rows < 0) | (self._states[rows] == UNKNOWN)
        return [point_ids[place] for place in np.flatnonzero(unknown).tolist()]

    def _add(self, point_ids: Iterable[str]) -> None:
        """Give a row to each of these points that has none."""
        rows = self._rows
        for point in point_ids:
            rows.setdefault(point, len(rows))
        self._grow(len(rows))

    def _rows_of(self, point_ids: Sequence[str]) -> NDArray[np.intp]:
        return np.array(list(map(self._rows.__getitem__, point_ids)), dtype=np.intp)

    def _read(self, point_ids: Sequence[str]) -> None:
        """Read those of these points that are not known."""
        missing = self._missing(point_ids)
        if not missing:
            return
        self._add(missing)
        self._states[self._rows_of(missing)] = NOT_SHOWN
        for record in self._shard.retrieve([*missing], SELECTED, False):
            self._note(id_of(record), record.payload or {})

    def _note(self, point: str, payload: Mapping[str, Any]) -> None:
        item, row = traits_of({field: payload.get(field) for field in FIELDS}), self._rows[point]
        self._states[row] = NOT_SHOWN if item is None else VISIBLE
        if item is None:
            return
        for field, codes in self._texts.items():
            codes[row] = self._codes[field].of(texts_in(item, field))
        for field, values in self._numbers.items():
            values[row] = getattr(item, field)

    def _grow(self, size: int) -> None:
        """Make room for so many points, with half as many to spare."""
        if size > len(self._states):
            more = size + size // 2 - len(self._states)
            self._states = np.concatenate([self._states, np.zeros(more, dtype=np.uint8)])
            self._texts = {
                field: np.concatenate([codes, np.zeros(more, dtype=np.int32)]) for field, codes in self._texts.items()
            }
            self._numbers = {
                field: np.concatenate([values, np.full(more, np.nan)]) for field, values in self._numbers.items()
            }

    def _bound(self) -> None:
        known = len(self._rows)
        if known > self._points_max or any(len(each.texts) > known + CODES_SPARE for each in self._codes.values()):
            self._clear()

    def _clear(self) -> None:
        self._rows = {}
        self._states = np.zeros(ROWS_AT_FIRST, dtype=np.uint8)
        self._codes = {field: Codes() for field in TEXT_FIELDS}
        self._texts = {field: np.zeros(ROWS_AT_FIRST, dtype=np.int32) for field in TEXT_FIELDS}
        self._numbers = {field: np.zeros(ROWS_AT_FIRST, dtype=np.float64) for field in NUMBER_FIELDS}


def has_same_columns(text: Upsert) -> bool:
    """Return whether a point has the values after a new text that the point it was planned on has."""
    before: Mapping[str, Any] = text.planned_on.payload if text.planned_on is not None else {}
    now: Mapping[str, Any] = text.payload
    return all(before.get(field) == now.get(field) for field in FIELDS)
