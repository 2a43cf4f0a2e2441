"""Opening the index on a Qdrant server: collection, payload indexes and alias are created where they are not."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from schemas.errors import Misconfigured
from workers.document import TEMPLATE_VERSION
from workers.index import metadata as meta
from workers.index.interface import DENSE, LEXICAL
from workers.index.layout import INDEXED_FIELDS, POSITIONS_PAYLOAD, POSITIONS_POINT, SCHEMA_VERSION
from workers.index.server import ServerIndex
from workers.index.server_calls import Backoff, Calls

if TYPE_CHECKING:
    from workers.embedder.interface import ModelId

TIMEOUT_SECONDS = 10


async def open_server(url: str, *, api_key: str | None, alias: str, model: ModelId) -> ServerIndex:
    """The index on the server at this URL. Raises Unavailable while it is away, and as `open_with`."""
    client = AsyncQdrantClient(url=url, api_key=api_key, timeout=TIMEOUT_SECONDS)
    return await open_with(client, alias=alias, model=model)


async def open_with(
    client: AsyncQdrantClient, *, alias: str, model: ModelId, backoff: Backoff | None = None
) -> ServerIndex:
    """The collection that the alias names, created if there is none.

    Raises Misconfigured, with what to do, if it was made for another model or by another version.
    """
    server = _Server(Calls(client, backoff or Backoff()), alias)
    name = await server.resolve() or await server.create(model)
    index = await server.index(name)
    remedy = f"delete the collection {name}, it is filled again from the item log"
    meta.check(await server.metadata(name), model, where=f"collection {name}", remedy=remedy)
    return index


class _Server:
    """An alias on a server, and the collections it has named."""

    def __init__(self, calls: Calls, alias: str) -> None:
        self._calls = calls
        self._client = calls.client
        self._alias = alias
        self._known: dict[str, ServerIndex] = {}

    async def resolve(self) -> str | None:
        """Name of the physical collection that the alias names; None if it names none."""
        answer = await self._calls.ask(self._client.get_aliases)
        return next((each.collection_name for each in answer.aliases if each.alias_name == self._alias), None)

    async def serving(self) -> ServerIndex:
        """The collection that the alias names now."""
        name = await self.resolve()
        if name is None:
            raise Misconfigured(f"the alias {self._alias} is gone from the Qdrant server: start Freshline again")
        return await self.index(name)

    async def index(self, name: str) -> ServerIndex:
        """The index of a physical collection."""
        if name not in self._known:
            self._known[name] = ServerIndex(self._calls, name, await self.metadata(name), self.serving)
        return self._known[name]

    async def metadata(self, name: str) -> meta.Metadata:
        """What the collection says of itself."""
        info = await self._calls.ask(lambda: self._client.get_collection(name))
        return meta.decode(info.config.metadata or {})

    async def create(self, model: ModelId) -> str:
        """Creates the collection, and points the alias to it. Workers that start together create the same one."""
        digest = hashlib.sha256(repr((*model, SCHEMA_VERSION, TEMPLATE_VERSION)).encode()).hexdigest()
        name = f"{self._alias}-{digest[:8]}"
        metadata = meta.Metadata(f"{name}.{uuid.uuid4().hex[:8]}", model)
        if not await self._calls.ask(lambda: self._client.collection_exists(name)):
            await self._create_collection(name, metadata)
        for field, kind in INDEXED_FIELDS.items():
            await self._client.create_payload_index(name, field, models.PayloadSchemaType(kind), wait=True)
        hidden = models.PointStruct(id=POSITIONS_POINT, vector={}, payload=dict(POSITIONS_PAYLOAD))
        await self._client.upsert(name, [hidden], wait=True, update_mode=models.UpdateMode.INSERT_ONLY)
        alias = models.CreateAlias(collection_name=name, alias_name=self._alias)
        await self._client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
        return name

    async def _create_collection(self, name: str, metadata: meta.Metadata) -> None:
        dense = models.VectorParams(size=metadata.model.dimension, distance=models.Distance.COSINE)
        try:
            await self._client.create_collection(
                name,
                vectors_config={DENSE: dense},
                sparse_vectors_config={LEXICAL: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                metadata=metadata.encode(),
            )
        except UnexpectedResponse as error:
            if error.status_code != 409:  # another worker was first
                raise
