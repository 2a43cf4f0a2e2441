"""Opens an embedded index: creates it if it is missing, refuses it if another process has it open."""

from __future__ import annotations

import shutil
import uuid
from typing import TYPE_CHECKING

import orjson
from qdrant_edge import (
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    Modifier,
    PayloadSchemaType,
    TurboQuantBitSize,
    TurboQuantQuantizationConfig,
    UpdateOperation,
)

from schemas.errors import Misconfigured
from workers.index import metadata as meta
from workers.index.edge.bounds import BOUNDS, EdgeBounds
from workers.index.edge.index import EdgeIndex
from workers.index.edge.lock import ShardLock
from workers.index.edge.operations import create_positions
from workers.index.edge.texts_in_hand import clear_unfinished
from workers.index.interface import DENSE, LEXICAL
from workers.index.layout import INDEXED_FIELDS
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from pathlib import Path

    from workers.embedder.interface import ModelId

FIELD_TYPES = {
    "keyword": PayloadSchemaType.Keyword,
    "float": PayloadSchemaType.Float,
    "integer": PayloadSchemaType.Integer,
}


def open_edge(
    directory: Path,
    *,
    model: ModelId,
    model_source: str | None = None,
    gate: QueryGate | None = None,
    bounds: EdgeBounds = BOUNDS,
) -> EdgeIndex:
    """Open the collection in this directory (`metadata.json`, `shard` and `lock`). If there is none, create one for
    this model.

    `gate`: the queries to which its long work gives way; None where nobody asks any. Raises Misconfigured, one line
    with what to do, if it is open elsewhere, or was written by another version.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = ShardLock(directory)
    try:
        metadata = _load_metadata(directory) or _create(directory, model, model_source)
        shard = _load(directory)
        _index_fields(shard)
        clear_unfinished(shard)
    except BaseException:
        lock.release()
        raise
    return EdgeIndex(shard, directory / "shard", metadata, lock, gate or QueryGate(), bounds)


def _load_metadata(directory: Path) -> meta.Metadata | None:
    file = directory / "metadata.json"
    if not (file.exists() and (directory / "shard").exists()):
        return None
    remedy = f"delete {directory}, it is filled again from the item log"
    try:
        metadata = meta.decode(orjson.loads(file.read_bytes()))
    except (orjson.JSONDecodeError, Misconfigured) as error:
        raise Misconfigured(f"{file} cannot be read: {remedy}") from error
    meta.check(metadata, where=str(directory), remedy=remedy)
    return metadata


def _create(directory: Path, model: ModelId, model_source: str | None) -> meta.Metadata:
    """Create a shard. One without metadata was interrupted while it was created: nothing has been written to it."""
    shutil.rmtree(directory / "shard", ignore_errors=True)
    (directory / "shard").mkdir()
    shard = EdgeShard.create(str(directory / "shard"), _config(model.dimension))
    shard.update(create_positions())
    shard.close()
    metadata = meta.Metadata(f"{directory.name}.{uuid.uuid4().hex[:8]}", model, model_source)
    unfinished = directory / "metadata.json.new"
    unfinished.write_bytes(orjson.dumps(metadata.encode()))
    unfinished.replace(directory / "metadata.json")
    return metadata


def _load(directory: Path) -> EdgeShard:
    try:
        return EdgeShard.load(str(directory / "shard"))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise Misconfigured(
            f"{directory}: the index cannot be opened ({reason}): delete it, it is filled again from the item log"
        ) from error


def _index_fields(shard: EdgeShard) -> None:
    """Create the missing field indexes: all in a new shard, or those that a newer release filters on."""
    present = shard.info().payload_schema
    for field, kind in INDEXED_FIELDS.items():
        if field not in present:
            shard.update(UpdateOperation.create_field_index(field, FIELD_TYPES[kind]))


def _config(dimension: int) -> EdgeConfig:
    """Return the configuration. Four bits of each number are kept beside a vector to find candidates."""
    four_bits = TurboQuantQuantizationConfig(bits=TurboQuantBitSize.Bits4, always_ram=True)
    return EdgeConfig(
        vectors={DENSE: EdgeVectorParams(dimension, Distance.Cosine, quantization_config=four_bits)},
        sparse_vectors={LEXICAL: EdgeSparseVectorParams(modifier=Modifier.Idf)},
        wal_enabled=True,
    )
