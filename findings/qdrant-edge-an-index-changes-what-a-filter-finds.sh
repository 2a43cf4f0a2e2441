#!/bin/sh
# qdrant-edge-py 0.9.0, MatchValue(1) on a field in which some producers wrote 1 and others 1.0.
# Guess: an index makes a filter faster, and finds what the filter found without it.
# Seen:  without an index only the points with 1 are found. With an integer index those with 1.0 are found as well, and a
#        facet counts both as one. JavaScript writes 1 for the number that Python writes as 1.0, so a collection that is made
#        again with one index more answers otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-edge-py==0.9.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import tempfile

from qdrant_edge import *


def shard(*, indexed):
    config = EdgeConfig(vectors={"d": EdgeVectorParams(2, Distance.Cosine)}, sparse_vectors={})
    made = EdgeShard.create(tempfile.mkdtemp(dir="."), config)
    if indexed:
        made.update(UpdateOperation.create_field_index("stock", PayloadSchemaType.Integer))
    payloads = {1: {"stock": 1}, 2: {"stock": 1.0}, 3: {"stock": 2}}
    made.update(UpdateOperation.upsert_points([Point(number, {"d": [1.0, 0.0]}, p) for number, p in payloads.items()]))
    return made


def found(made):
    one = Filter(must=[FieldCondition("stock", match=MatchValue(1))])
    return [record.id for record in made.scroll(ScrollRequest(filter=one))[0]]


plain, indexed = shard(indexed=False), shard(indexed=True)
counts = {hit.value: hit.count for hit in indexed.facet(FacetRequest("stock", exact=True)).hits}
print("MatchValue(1) without an index:", found(plain), "with an integer index:", found(indexed), "facet:", counts)
assert found(plain) == [1], "without an index 1.0 is found now"
assert found(indexed) == [1, 2] and counts == {1: 2, 2: 1}, "an integer index tells 1 from 1.0 now"
PYTHON
