"""The index on a Qdrant server. `workers.index.server.collections` opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from schemas.errors import Gone
from schemas.points import point_id
from workers.index.layout import CREATED_WITH, POSITIONS_POINT, positions_in
from workers.index.server import filters as where
from workers.index.server.calls import OPERATIONS_MAX
from workers.index.server.operations import begin_vector, clear_pending, operations, set_payload, update_vectors
from workers.index.server.points import VERSION_ALONE
from workers.index.server.reading import ServerReading
from workers.index.writes import DenseVector, Patch, Write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ServerIndex(ServerReading):
    """One physical collection on a server."""

    @override
    async def write(self, writes: Sequence[Write]) -> set[str]:
        await self._calls.update(self._name, operations(writes))
        return await self._missed([write for write in writes if isinstance(write, Patch)])

    @override
    async def write_dense(self, vectors: Sequence[DenseVector]) -> None:
        """Write all vectors, then clear `vector_due`: after a crash or another write between the two they are written
        again."""
        # The server answers an update of a missing point with an error.
        records = await self._points.retrieve([point_id(vector.product_id) for vector in vectors], False)
        present = {str(record.id) for record in records}
        there = [vector for vector in vectors if point_id(vector.product_id) in present]
        for start in range(0, len(there), OPERATIONS_MAX):
            chunk = there[start : start + OPERATIONS_MAX]
            steps = [*map(begin_vector, chunk), update_vectors(chunk), *map(clear_pending, chunk)]
            await self._calls.update(self._name, steps)

    @override
    async def mark_embedding_failed(self, product_id: str, fingerprint: str, reason: str) -> None:
        failed = {"vector_failed": reason, "vector_due": None, "vector_due_at_ms": None}
        pending = where.embedding_pending(point_id(product_id), fingerprint)
        await self._calls.update(self._name, [set_payload(failed, pending)])

    @override
    async def positions(self) -> dict[str, int]:
        return positions_in(await self._hidden_payload())

    @override
    async def save_positions(self, positions: Mapping[str, int]) -> None:
        """Store the positions only in the collection that they belong to: another worker may have created it again."""
        kept = where.created_with(self.collection, POSITIONS_POINT)
        await self._calls.update(self._name, [set_payload(dict(positions), kept)])
        await self._hidden_payload()

    async def _hidden_payload(self) -> dict[str, Any]:
        """Return the payload of the hidden point. Raises Gone if the collection was created again."""
        records = await self._points.retrieve([POSITIONS_POINT], True)
        kept = (records[0].payload if records else None) or {}
        if kept.get(CREATED_WITH) != self.collection:
            raise Gone(f"the collection {self._name} was deleted or emptied meanwhile: it is filled again")
        return kept

    @override
    async def flush(self) -> None:
        """Do nothing: the server bounds its own log."""

    @override
    async def close(self) -> None:
        await self._calls.close()

    async def _missed(self, patches: Sequence[Patch]) -> set[str]:
        ids = [point_id(patch.product_id) for patch in patches]
        records = await self._points.retrieve(ids, VERSION_ALONE)
        versions = {str(record.id): (record.payload or {})["version"] for record in records}
        return {p.product_id for p, point in zip(patches, ids, strict=True) if versions.get(point, -1) < p.version}
