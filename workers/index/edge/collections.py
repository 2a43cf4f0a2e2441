"""The embedded collections under one alias: one directory each, and one file of roles, which is replaced atomically.

This module enforces docs/invariants.md#8.
"""

from __future__ import annotations

import shutil
import uuid
from typing import TYPE_CHECKING

import orjson
from typing_extensions import override

from schemas.errors import Conflict, Misconfigured
from workers.index.edge.open import open_edge
from workers.index.roles import NOTHING_BEFORE, Collections, Roles, abandoned_sentence, serving_sentence

if TYPE_CHECKING:
    from pathlib import Path

    from workers.embedder.interface import ModelId
    from workers.index.edge.index import EdgeIndex
    from workers.index.interface import Index
    from workers.query_gate import QueryGate


class EdgeCollections(Collections):
    """The collections in one directory, open in this process alone. A directory without a role was left by a crash."""

    def __init__(
        self, directory: Path, *, alias: str, model: ModelId, model_source: str | None, gate: QueryGate
    ) -> None:
        """Open the collections. If none serves, create an empty one that does. Raises as `open_edge` does."""
        self._directory = directory
        self._alias = alias
        self._created_for = model, model_source
        self._gate = gate
        self._file = directory / "roles.json"
        self._open: dict[str, EdgeIndex] = {}
        directory.mkdir(parents=True, exist_ok=True)
        try:
            self._roles = self._read()
            if self._roles is None:
                self._write(Roles(self._create(model, model_source)))
            self._sweep()
        except BaseException:
            self._close()
            raise

    @override
    async def roles(self) -> Roles:
        return self._now

    @override
    async def serving(self) -> Index:
        return self._now.serving

    @override
    async def begin(self, model: ModelId, model_source: str | None) -> Index:
        building = self._create(model, model_source)
        self._write(self._now._replace(building=building))
        return building

    @override
    async def switch(self, built: Index) -> None:
        before = self._now
        if before.serving is built:
            return
        if before.building is not built:
            raise Conflict(abandoned_sentence(built))
        self._write(Roles(built, previous=before.serving))

    @override
    async def roll_back(self) -> None:
        before = self._now
        if before.previous is None:
            raise Conflict(NOTHING_BEFORE)
        self._write(before._replace(serving=before.previous, previous=before.serving))

    @override
    async def retire(self, index: Index) -> None:
        if index is self._now.serving:
            raise Conflict(serving_sentence(index))
        self._write(Roles(self._now.serving, *(each if each is not index else None for each in self._now[1:])))

    @override
    async def delete(self, index: Index) -> None:
        if (opened := self._open.pop(index.name, None)) is not None:
            await opened.close()
        self._sweep()

    @override
    async def close(self) -> None:
        self._close()

    @property
    def _now(self) -> Roles:
        assert self._roles is not None
        return self._roles

    def _read(self) -> Roles | None:
        """Return the stored roles; None if no collection serves, at a first start or after the index was wiped."""
        try:
            names = orjson.loads(self._file.read_bytes())
            if not (self._directory / names["serving"]).is_dir():
                return None
            return Roles(*(self._load(names[role]) for role in Roles._fields))  # type: ignore[arg-type]
        except FileNotFoundError:
            return None
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise Misconfigured(
                f"{self._file} cannot be read: delete {self._directory}, it is filled again from the item log"
            ) from error

    def _load(self, name: str | None) -> EdgeIndex | None:
        directory = self._directory / (name or "")
        if name is None or not directory.is_dir():
            return None
        model, model_source = self._created_for
        self._open[name] = open_edge(directory, model=model, model_source=model_source, gate=self._gate)
        return self._open[name]

    def _create(self, model: ModelId, model_source: str | None) -> EdgeIndex:
        name = f"{self._alias}-{uuid.uuid4().hex[:8]}"
        self._open[name] = open_edge(self._directory / name, model=model, model_source=model_source, gate=self._gate)
        return self._open[name]

    def _write(self, roles: Roles) -> None:
        unfinished = self._file.with_suffix(".new")
        unfinished.write_bytes(orjson.dumps({role: index and index.name for role, index in roles._asdict().items()}))
        unfinished.replace(self._file)
        self._roles = roles

    def _sweep(self) -> None:
        kept = {index.name for index in self._now.all}
        for left_behind in self._directory.iterdir():
            if left_behind.is_dir() and left_behind.name not in kept:
                shutil.rmtree(left_behind)

    def _close(self) -> None:
        for index in self._open.values():
            index.close_now()
        self._open.clear()
