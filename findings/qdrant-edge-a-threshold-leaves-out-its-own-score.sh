#!/bin/sh
# qdrant-edge-py 0.9.0, and the local mode of qdrant-client 1.20.0: score_threshold of a query.
# Guess: a threshold is the least score, so a point that has just this score is found.
# Seen:  it is left out, by both: at the threshold 1.0 the very vector that is asked for is not found by its cosine, nor
#        one with the dot product 1.0, nor one at the distance 1.0. Whoever takes a threshold from a score that an earlier
#        query gave (the last of a page, say) loses that point.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-edge-py==0.9.0 qdrant-client==1.20.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import tempfile

from qdrant_client import QdrantClient, models
from qdrant_edge import *

VECTORS = {1: [1.0, 0.0], 2: [2.0, 0.0], 3: [0.5, 0.0]}


def edge(distance, threshold):
    config = EdgeConfig(vectors={"d": EdgeVectorParams(2, distance)}, sparse_vectors={})
    shard = EdgeShard.create(tempfile.mkdtemp(dir="."), config)
    shard.update(UpdateOperation.upsert_points([Point(number, {"d": v}, {}) for number, v in VECTORS.items()]))
    asked = QueryRequest(limit=9, query=Query.Nearest([1.0, 0.0], "d"), score_threshold=threshold)
    return {point.id: point.score for point in shard.query(asked)}


def local(distance, threshold):
    client = QdrantClient(":memory:")
    client.create_collection("c", vectors_config=models.VectorParams(size=2, distance=distance))
    client.upsert("c", [models.PointStruct(id=number, vector=v) for number, v in VECTORS.items()])
    found = client.query_points("c", query=[1.0, 0.0], limit=9, score_threshold=threshold).points
    return {point.id: point.score for point in found}


for name, ours, theirs in (
    ("cosine", Distance.Cosine, models.Distance.COSINE),
    ("dot", Distance.Dot, models.Distance.DOT),
    ("euclid", Distance.Euclid, models.Distance.EUCLID),
):
    for ask, distance in ((edge, ours), (local, theirs)):
        every, found = ask(distance, None), ask(distance, 1.0)
        equal = [number for number, score in every.items() if score == 1.0]
        print(name, ask.__name__, "scores", every, "found at the threshold 1.0:", sorted(found))
        assert equal and not found.keys() & set(equal), "the score of the threshold itself is found now"
PYTHON
