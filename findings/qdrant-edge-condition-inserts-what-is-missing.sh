#!/bin/sh
# qdrant-edge-py 0.9.0, UpdateOperation.upsert_points(condition=...).
# Guess: an upsert on the condition "stored version < mine" refuses every write that is older than what was stored.
# Seen:  it refuses older writes only while the point exists. After a hard delete the older write is inserted, so a late
#        message brings a deleted item back. (A Qdrant server of 1.16 and later does the same with `update_filter`.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-edge-py==0.9.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import tempfile

from qdrant_edge import *


def new_shard():
    config = EdgeConfig(vectors={"d": EdgeVectorParams(2, Distance.Cosine)}, sparse_vectors={})
    return EdgeShard.create(tempfile.mkdtemp(dir="."), config)


def point(number, payload):
    return Point(number, {"d": [1.0, 0.0]}, payload)


def write(shard, version):
    older = Filter(must=[FieldCondition("version", range=RangeFloat(lt=version))])
    shard.update(UpdateOperation.upsert_points([point(1, {"version": version})], condition=older))


def stored(shard):
    return [record.payload for record in shard.retrieve([1], with_payload=True, with_vector=False)]


shard = new_shard()
write(shard, 5)
write(shard, 3)
print("version 3 written over version 5:", stored(shard))
assert stored(shard) == [{"version": 5}]
shard.update(UpdateOperation.delete_points([1]))
write(shard, 3)
print("version 3 written after the delete of version 5:", stored(shard))
assert stored(shard) == [{"version": 3}]
PYTHON
