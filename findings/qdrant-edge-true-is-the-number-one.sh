#!/bin/sh
# qdrant-edge-py 0.9.0, MatchValue(True).
# Guess: a filter for the boolean true finds the points whose payload says true.
# Seen:  it finds the points whose payload says the integer 1, and never those that say true.
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
shard.update(UpdateOperation.upsert_points([point(1, {"sold": True}), point(2, {"sold": 1})]))
true = Filter(must=[FieldCondition("sold", match=MatchValue(True))])
found = [record.id for record in shard.scroll(ScrollRequest(filter=true))[0]]
print("found by MatchValue(True), where point 1 has true and point 2 has 1:", found)
assert found == [2]
PYTHON
