#!/bin/sh
# qdrant-edge-py 0.9.0, UpdateOperation.upsert_points with a condition, one id twice in the list.
# Guess: the condition "stored version < 10" is judged for each point, and the newest version wins; or the call is refused.
# Seen:  both points pass, as both are judged against what stood there before the call, and the last of the list stays:
#        the version 2 overwrites the version 9 without a word.
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


shard = new_shard()
shard.update(UpdateOperation.upsert_points([point(1, {"version": 0})]))
older = Filter(must=[FieldCondition("version", range=RangeFloat(lt=10))])
shard.update(UpdateOperation.upsert_points([point(1, {"version": 9}), point(1, {"version": 2})], condition=older))
stored = shard.retrieve([1], with_payload=True, with_vector=False)[0].payload
print("after one upsert with the versions 9 and 2:", stored)
assert stored == {"version": 2}
PYTHON
