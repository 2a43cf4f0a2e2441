"""The server's gRPC API before the same store: messages become what local mode takes, its answers become messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qdrant_client import grpc as messages
from qdrant_client import models
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc, grpc_field_type_to_payload_schema
from qdrant_client.grpc.collections_service_pb2_grpc import CollectionsServicer, add_CollectionsServicer_to_server
from qdrant_client.grpc.points_service_pb2_grpc import PointsServicer, add_PointsServicer_to_server
from qdrant_client.grpc.qdrant_pb2_grpc import QdrantServicer, add_QdrantServicer_to_server

from .app import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    import grpc

    from .store import Store

COMPLETED = messages.UpdateResult(operation_id=0, status=messages.UpdateStatus.Completed)


def add_services(server: grpc.Server, store: Store) -> None:
    """Let the server answer from the store. The services raise Refusal; calls must come one at a time."""
    add_QdrantServicer_to_server(_Qdrant(), server)  # type: ignore[no-untyped-call]
    add_CollectionsServicer_to_server(_Collections(store), server)  # type: ignore[no-untyped-call]
    add_PointsServicer_to_server(_Points(store), server)  # type: ignore[no-untyped-call]


class _Qdrant(QdrantServicer):
    def HealthCheck(self, asked: Any, context: Any) -> Any:
        return messages.HealthCheckReply(title="qdrant", version=VERSION)


class _Collections(CollectionsServicer):
    def __init__(self, store: Store) -> None:
        self._store = store

    def List(self, asked: Any, context: Any) -> Any:
        found = self._store.ask(lambda client: client.get_collections()).collections
        described = [messages.CollectionDescription(name=each.name) for each in found]
        return messages.ListCollectionsResponse(collections=described)

    def CollectionExists(self, asked: Any, context: Any) -> Any:
        exists = self._store.ask(lambda client: client.collection_exists(asked.collection_name))
        return messages.CollectionExistsResponse(result=messages.CollectionExists(exists=exists))

    def Get(self, asked: Any, context: Any) -> Any:
        info = self._store.collection(asked.collection_name)
        return messages.GetCollectionInfoResponse(result=RestToGrpc.convert_collection_info(info))

    def Create(self, asked: Any, context: Any) -> Any:
        made = self._store.ask(
            lambda client: client.create_collection(
                asked.collection_name,
                vectors_config=GrpcToRest.convert_vectors_config(asked.vectors_config),
                sparse_vectors_config=GrpcToRest.convert_sparse_vector_config(asked.sparse_vectors_config),
                metadata=GrpcToRest.convert_payload(asked.metadata),
            )
        )
        return messages.CollectionOperationResponse(result=made)

    def Delete(self, asked: Any, context: Any) -> Any:
        return messages.CollectionOperationResponse(result=self._store.delete_collection(asked.collection_name))

    def ListAliases(self, asked: Any, context: Any) -> Any:
        found = self._store.ask(lambda client: client.get_aliases()).aliases
        return messages.ListAliasesResponse(aliases=[RestToGrpc.convert_alias_description(each) for each in found])

    def UpdateAliases(self, asked: Any, context: Any) -> Any:
        changes = [GrpcToRest.convert_alias_operations(each) for each in asked.actions]
        done = self._store.ask(lambda client: client.update_collection_aliases(changes))
        return messages.CollectionOperationResponse(result=done)


class _Points(PointsServicer):
    def __init__(self, store: Store) -> None:
        self._store = store

    def CreateFieldIndex(self, asked: Any, context: Any) -> Any:
        kind = GrpcToRest.convert_payload_schema_type(grpc_field_type_to_payload_schema(asked.field_type))
        index = models.CreateFieldIndex(field_name=asked.field_name, field_schema=kind)
        self._store.create_index(asked.collection_name, index)
        return messages.PointsOperationResponse(result=COMPLETED)

    def Delete(self, asked: Any, context: Any) -> Any:
        delete = models.DeleteOperation(delete=GrpcToRest.convert_points_selector(asked.points))
        self._store.update(asked.collection_name, [delete])
        return messages.PointsOperationResponse(result=COMPLETED)

    def UpdateBatch(self, asked: Any, context: Any) -> Any:
        operations = [GrpcToRest.convert_points_update_operation(each) for each in asked.operations]
        self._store.update(asked.collection_name, operations)
        return messages.UpdateBatchResponse(result=[COMPLETED] * len(operations))

    def Get(self, asked: Any, context: Any) -> Any:
        ids = [GrpcToRest.convert_point_id(each) for each in asked.ids]
        found = self._store.ask(lambda client: client.retrieve(asked.collection_name, ids, *_wanted(asked)))
        return messages.GetResponse(result=_records(found))

    def Scroll(self, asked: Any, context: Any) -> Any:
        payload, vectors = _wanted(asked)
        request = models.ScrollRequest(
            filter=_filter(asked),
            limit=asked.limit if asked.HasField("limit") else None,
            offset=GrpcToRest.convert_point_id(asked.offset) if asked.HasField("offset") else None,
            order_by=GrpcToRest.convert_order_by(asked.order_by) if asked.HasField("order_by") else None,
            with_payload=payload,
            with_vector=vectors,
        )
        found, following = self._store.scroll(asked.collection_name, request)
        start = None if following is None else RestToGrpc.convert_extended_point_id(following)
        return messages.ScrollResponse(result=_records(found), next_page_offset=start)

    def Count(self, asked: Any, context: Any) -> Any:
        found = self._store.ask(lambda client: client.count(asked.collection_name, _filter(asked)))
        return messages.CountResponse(result=RestToGrpc.convert_count_result(found))

    def Facet(self, asked: Any, context: Any) -> Any:
        limit = asked.limit if asked.HasField("limit") else 10
        found = self._store.ask(lambda client: client.facet(asked.collection_name, asked.key, _filter(asked), limit))
        return messages.FacetResponse(hits=[RestToGrpc.convert_facet_value_hit(each) for each in found.hits])

    def QueryBatch(self, asked: Any, context: Any) -> Any:
        queries = [GrpcToRest.convert_query_points(each) for each in asked.query_points]
        found = self._store.ask(lambda client: client.query_batch_points(asked.collection_name, queries))
        answers = [[RestToGrpc.convert_scored_point(point) for point in each.points] for each in found]
        return messages.QueryBatchResponse(result=[messages.BatchResult(result=points) for points in answers])


def _wanted(asked: Any) -> tuple[Any, Any]:
    """Return which payload and which vectors a reader asks for; a server gives neither by default."""
    payload = GrpcToRest.convert_with_payload_interface(asked.with_payload) if asked.HasField("with_payload") else False
    vectors = GrpcToRest.convert_with_vectors_selector(asked.with_vectors) if asked.HasField("with_vectors") else False
    return payload, vectors


def _filter(asked: Any) -> models.Filter | None:
    return GrpcToRest.convert_filter(asked.filter) if asked.HasField("filter") else None


def _records(found: Iterable[models.Record]) -> list[Any]:
    # A message cannot tell a payload that was not asked for from one without fields.
    return [RestToGrpc.convert_record(each.model_copy(update={"payload": each.payload or {}})) for each in found]
