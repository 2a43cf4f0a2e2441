"""The collections of the server, with the errors of a server, which refuses more than local mode does."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from qdrant_client import QdrantClient, models
from qdrant_client.local.payload_filters import check_filter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The front checks itself what a server needs an index for.
warnings.filterwarnings("ignore", message="Payload indexes have no effect")

RANGES = frozenset(("integer", "float", "datetime"))
"""The kinds of payload indexes that can order points."""


class Refusal(Exception):
    """An error of the server, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Store:
    """Collections and aliases in memory. All its methods raise Refusal."""

    def __init__(self) -> None:
        self.wipe()

    def wipe(self) -> None:
        """Create a server without collections."""
        self._client = QdrantClient(":memory:")
        self._indexed: dict[tuple[str, str], str] = {}

    def ask(self, call: Callable[[QdrantClient], Any]) -> Any:
        """Return the answer of local mode. Its errors become those of a server."""
        try:
            return call(self._client)
        except KeyError as error:
            raise Refusal(404, f"Not found: No point with id {error} found") from error
        except ValueError as error:
            message = str(error)
            status = 404 if "not found" in message else 409 if "already exists" in message else 400
            raise Refusal(status, message) from error

    def collection(self, name: str) -> Any:
        """Return the configuration and metadata of the collection."""
        info = self.ask(lambda client: client.get_collection(name))
        mine = {field: kind for (of, field), kind in self._indexed.items() if of == name}
        info.payload_schema = {
            field: models.PayloadIndexInfo(data_type=models.PayloadSchemaType(kind), points=0)
            for field, kind in mine.items()
        }
        return info

    def create_index(self, name: str, asked: models.CreateFieldIndex) -> None:
        """Create an index on a field of the payload."""
        self.ask(lambda client: client.create_payload_index(name, asked.field_name, asked.field_schema))
        self._indexed[name, asked.field_name] = str(models.PayloadSchemaType(asked.field_schema).value)

    def delete_collection(self, name: str) -> bool:
        """Delete a collection with its aliases, and return whether it existed."""
        self._indexed = {place: kind for place, kind in self._indexed.items() if place[0] != name}
        return bool(self.ask(lambda client: client.delete_collection(name)))

    def empty(self, name: str) -> None:
        """Replace the collection by an empty one with its configuration and aliases. Its indexes stay."""
        config = self._client.get_collection(name).config
        aliases = [each.alias_name for each in self._client.get_collection_aliases(name).aliases]
        self._client.delete_collection(name)
        self._client.create_collection(
            name,
            vectors_config=config.params.vectors,
            sparse_vectors_config=config.params.sparse_vectors,
            metadata=config.metadata,
        )
        named = [models.CreateAlias(collection_name=name, alias_name=alias) for alias in aliases]
        self._client.update_collection_aliases([models.CreateAliasOperation(create_alias=each) for each in named])

    def scroll(self, name: str, asked: models.ScrollRequest) -> tuple[Any, Any]:
        """Return a page and the start of the next. An order needs an index that can order points."""
        order = asked.order_by
        key = order.key if isinstance(order, models.OrderBy) else order
        if key is not None and self._indexed.get((name, str(key))) not in RANGES:
            raise Refusal(400, f"No range index for `order_by` key: `{key}`. Please create one to use `order_by`")
        return self.ask(  # type: ignore[no-any-return]
            lambda client: client.scroll(
                name,
                scroll_filter=asked.filter,
                limit=asked.limit or 10,
                order_by=order,
                offset=asked.offset,
                with_payload=True if asked.with_payload is None else asked.with_payload,
                with_vectors=asked.with_vector or False,
            )
        )

    def update(self, name: str, operations: Sequence[Any]) -> None:
        """Carry out the operations in order. The first error stops them, and the earlier ones stay applied."""
        for operation in operations:
            narrowed = self._narrowed(name, operation)
            if narrowed is not None:
                self.ask(partial(_apply, name, narrowed))

    def _narrowed(self, name: str, operation: Any) -> Any:
        """Restrict a patch by filter to the points that it names: local mode would check every point.

        None if none passes.
        """
        patch = operation.set_payload if isinstance(operation, models.SetPayloadOperation) else None
        wanted = patch.filter if patch is not None else None
        ids = _named(wanted)
        if patch is None or wanted is None or ids is None:
            return operation
        points = self.ask(lambda client: client.retrieve(name, ids))
        passing = [point.id for point in points if check_filter(wanted, point.payload or {}, point.id, {})]
        patched = models.SetPayload(payload=patch.payload, points=passing)
        return models.SetPayloadOperation(set_payload=patched) if passing else None


def _apply(name: str, operation: Any, client: QdrantClient) -> Any:
    return client.batch_update_points(name, [operation])


def _named(condition: models.Filter | None) -> list[Any] | None:
    must = condition.must if condition is not None else None
    for each in must if isinstance(must, list) else []:
        if isinstance(each, models.HasIdCondition):
            return list(each.has_id)
    return None
