#!/bin/sh
# qdrant-edge-py 0.9.0, FieldCondition with a range over an integer field.
# Guess: integers of 64 bits are compared as integers.
# Seen:  they are compared as floats: 2^53 + 1 is not greater than 2^53. A version that packs an epoch and an offset
#        into one integer must stay below 2^53.
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
shard.update(UpdateOperation.upsert_points([point(1, {"version": 2**53 + 1}), point(2, {"version": 2**53 - 1})]))


def count_above(version):
    above = Filter(must=[FieldCondition("version", range=RangeFloat(gt=version))])
    return shard.count(CountRequest(filter=above))


print("points above 2^53, of which there is one:", count_above(2**53))
print("points above 2^53 - 2, of which there are two:", count_above(2**53 - 2))
assert count_above(2**53) == 0
assert count_above(2**53 - 2) == 2
PYTHON
