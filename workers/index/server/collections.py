"""The collections on a Qdrant server. Their roles are aliases; the server can change several of them in one step.

This module enforces docs/invariants.md#8.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import uuid
from typing import TYPE_CHECKING, NamedTuple

from qdrant_client import models
from typing_extensions import override

from schemas.errors import Conflict, Gone
from workers.document import TEMPLATE_VERSION
from workers.index import metadata as meta
from workers.index.interface import DENSE, LEXICAL
from workers.index.layout import CREATED_WITH, INDEXED_FIELDS, POSITIONS_PAYLOAD, POSITIONS_POINT, SCHEMA_VERSION
from workers.index.roles import NOTHING_BEFORE, Collections, Roles, abandoned_sentence, serving_sentence
from workers.index.server import filters as where
from workers.index.server.calls import AlreadyExists, Calls
from workers.index.server.index import ServerIndex
from workers.index.server.reading import BROWSED_POINTS
from workers.words.item import ANALYSIS_VERSION

if TYPE_CHECKING:
    from workers.clock import Clock
    from workers.embedder.interface import ModelId
    from workers.index.interface import Index

SERVED_SECONDS_MAX = 0.8
"""The time for which a search relies on the alias as it was read. The writers of each process read it every half second
(`stream.writers.writer_set`); a collection that loses its role is kept up to date, and deleted a second later at the
soonest (`stream.rebuild.run`)."""


class _Served(NamedTuple):
    """The collection that the alias named when it was last read."""

    collection: Index
    read_s: float
    """The monotonic time before it was read."""


class ServerCollections(Collections):
    """An alias on a server; `alias.building` and `alias.previous` name the other roles."""

    def __init__(self, calls: Calls, alias: str, clock: Clock, *, browsed_points: int = BROWSED_POINTS) -> None:
        self._calls = calls
        self._client = calls.client
        self._alias = alias
        self._clock = clock
        self._browsed_points = browsed_points
        self._known: dict[str, ServerIndex] = {}
        self._served: _Served | None = None

    @override
    async def roles(self) -> Roles:
        self._served, read_s = None, self._clock.monotonic_s()
        named = await self._aliases()
        serving, building, previous = (named.get(role) for role in self._roles)
        if serving is None:
            raise Gone(f"the alias {self._alias} is gone from the Qdrant server: the index is filled again")
        roles = Roles(
            await self._index(serving),
            await self._index(building) if building else None,
            await self._index(previous) if previous else None,
        )
        self._served = _Served(roles.serving, read_s)
        return roles

    @override
    async def serving(self) -> Index:
        served = self._served
        if served is not None and self._clock.monotonic_s() - served.read_s < SERVED_SECONDS_MAX:
            return served.collection
        return (await self.roles()).serving

    @override
    async def begin(self, model: ModelId, model_source: str | None) -> Index:
        name = f"{self._alias}-{uuid.uuid4().hex[:8]}"
        await self._create(name, meta.Metadata(name, model, model_source))
        await self._rename({self._building: name})
        return await self._index(name)

    @override
    async def switch(self, built: Index) -> None:
        named = await self._aliases()
        if named.get(self._alias) == built.name:
            return
        if named.get(self._building) != built.name:
            raise Conflict(abandoned_sentence(built))
        await self._rename(
            {
                self._alias: built.name,
                self._previous: named[self._alias],
                self._building: None,
            }
        )

    @override
    async def roll_back(self) -> None:
        named = await self._aliases()
        if self._previous not in named:
            raise Conflict(NOTHING_BEFORE)
        await self._rename({self._alias: named[self._previous], self._previous: named[self._alias]})

    @override
    async def retire(self, index: Index) -> None:
        named = await self._aliases()
        if named.get(self._alias) == index.name:
            raise Conflict(serving_sentence(index))
        await self._rename({role: None for role, name in named.items() if name == index.name})

    @override
    async def delete(self, index: Index) -> None:
        with contextlib.suppress(Gone):  # Another worker was first.
            await self._calls.ask(lambda: self._client.delete_collection(index.name))
        self._known.pop(index.name, None)

    @override
    async def close(self) -> None:
        await self._calls.close()

    async def ensure_serving(self, model: ModelId, model_source: str | None) -> None:
        """Ensure that the alias names a collection. Workers that start together create the same one."""
        named = await self._aliases()
        if self._alias not in named:
            identity = (*model, SCHEMA_VERSION, TEMPLATE_VERSION, ANALYSIS_VERSION)
            digest = hashlib.sha256(repr(identity).encode()).hexdigest()
            name = f"{self._alias}-{digest[:8]}"
            await self._create(name, meta.Metadata(f"{name}.{uuid.uuid4().hex[:8]}", model, model_source))
            await self._rename({self._alias: name})
        for name in (await self._aliases()).values():
            await self._ensure_positions(name)
            await self._ensure_fields(name)
        await self.roles()

    @property
    def _building(self) -> str:
        return f"{self._alias}.building"

    @property
    def _previous(self) -> str:
        return f"{self._alias}.previous"

    @property
    def _roles(self) -> tuple[str, str, str]:
        """The aliases of the roles, in the order of Roles."""
        return self._alias, self._building, self._previous

    async def _aliases(self) -> dict[str, str]:
        """Return the names of the physical collections by role."""
        answer = await self._calls.ask(self._client.get_aliases)
        return {each.alias_name: each.collection_name for each in answer.aliases if each.alias_name in self._roles}

    async def _rename(self, changes: dict[str, str | None]) -> None:
        """Change aliases in one step. None deletes the alias."""
        operations: list[models.AliasOperations] = []
        for alias, name in changes.items():
            if name is None:
                gone = models.DeleteAlias(alias_name=alias)
                operations.append(models.DeleteAliasOperation(delete_alias=gone))
            else:
                named = models.CreateAlias(collection_name=name, alias_name=alias)
                operations.append(models.CreateAliasOperation(create_alias=named))
        if operations:
            self._served = None
            await self._calls.ask(lambda: self._client.update_collection_aliases(operations))

    async def _index(self, name: str) -> ServerIndex:
        if name not in self._known:
            metadata = await self._metadata(name)
            remedy = f"delete the collection {name}, it is filled again from the item log"
            meta.check(metadata, where=f"collection {name}", remedy=remedy)
            self._known[name] = ServerIndex(self._calls, name, metadata, self._browsed_points)
        return self._known[name]

    async def _metadata(self, name: str) -> meta.Metadata:
        info = await self._calls.ask(lambda: self._client.get_collection(name))
        return meta.decode(info.config.metadata or {})

    async def _create(self, name: str, metadata: meta.Metadata) -> None:
        if not await self._calls.ask(lambda: self._client.collection_exists(name)):
            await self._create_collection(name, metadata)
        await self._ensure_fields(name)
        await self._ensure_positions(name)

    async def _ensure_fields(self, name: str) -> None:
        """Index the fields that are not: all of a new collection, and those that a later release filters on."""
        present = (await self._calls.ask(lambda: self._client.get_collection(name))).payload_schema
        lacking = {field: kind for field, kind in INDEXED_FIELDS.items() if field not in present}
        # Each is waited for by the server: one after another they took a quarter of a start.
        created = (self._create_index(name, field, models.PayloadSchemaType(kind)) for field, kind in lacking.items())
        await asyncio.gather(*created)

    async def _create_index(self, name: str, field: str, kind: models.PayloadSchemaType) -> None:
        await self._calls.ask(lambda: self._client.create_payload_index(name, field, kind, wait=True))

    async def _ensure_positions(self, name: str) -> None:
        """Create the hidden point if it is not of this collection, which is new or was emptied."""
        collection = (await self._metadata(name)).collection
        hidden = models.PointStruct(
            id=POSITIONS_POINT, vector={}, payload=POSITIONS_PAYLOAD | {CREATED_WITH: collection}
        )
        once = models.PointsList(points=[hidden], update_filter=where.not_created_with(collection))
        await self._calls.update(name, [models.UpsertOperation(upsert=once)])

    async def _create_collection(self, name: str, metadata: meta.Metadata) -> None:
        dense = models.VectorParams(size=metadata.model.dimension, distance=models.Distance.COSINE)
        with contextlib.suppress(AlreadyExists):
            await self._calls.ask(
                lambda: self._client.create_collection(
                    name,
                    vectors_config={DENSE: dense},
                    sparse_vectors_config={LEXICAL: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                    metadata=metadata.encode(),
                )
            )
