#!/bin/sh
# qdrant-client 1.20.0, Fusion.RRF of two prefetches in its local mode, and Fusion.Rrf of qdrant-edge-py 0.9.0.
# Guess: the constant is 60, as in the paper and in the other engines; a product that both words and vectors find comes
#        before one that only one of them finds.
# Seen:  the constant is 2, with ranks from 0: the first of one ranking has 0.5, and comes before a product that is third and
#        fifth of both, with 0.417. With RrfQuery and k=60 it comes behind that product. Edge has no default, and with k=2
#        the same scores.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-client==1.20.0 qdrant-edge-py==0.9.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import math
import tempfile

import qdrant_edge as edge
from qdrant_client import QdrantClient, models

ANGLES = (0.0, 0.21, 0.4, 0.6, 0.8, 0.95, 1.1)
VECTORS = {number: [math.cos(angle), math.sin(angle)] for number, angle in enumerate(ANGLES, 1)}
WORDS, NEAR = VECTORS[1], VECTORS[5]  # Two rankings of vectors stand for those of words and of meaning.
client = QdrantClient(":memory:")
client.create_collection("shop", vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
client.upsert("shop", [models.PointStruct(id=number, vector=vector) for number, vector in VECTORS.items()])
config = edge.EdgeConfig(vectors={"d": edge.EdgeVectorParams(2, edge.Distance.Cosine)}, sparse_vectors={})
shard = edge.EdgeShard.create(tempfile.mkdtemp(dir="."), config)
points = [edge.Point(number, {"d": vector}, {}) for number, vector in VECTORS.items()]
shard.update(edge.UpdateOperation.upsert_points(points))


def scores(found):
    return {point.id: round(point.score, 3) for point in found}


def by_client(query):
    prefetch = [models.Prefetch(query=WORDS, limit=3), models.Prefetch(query=NEAR, limit=7)]
    return scores(client.query_points("shop", prefetch=prefetch, query=query, limit=7).points)


def by_edge(k):
    rankings = ((WORDS, 3), (NEAR, 7))
    prefetches = [edge.Prefetch(query=edge.Query.Nearest(vector, using="d"), limit=limit) for vector, limit in rankings]
    return scores(shard.query(edge.QueryRequest(limit=7, prefetches=prefetches, query=edge.Fusion.Rrf(k))))


default = by_client(models.FusionQuery(fusion=models.Fusion.RRF))
two, sixty = by_client(models.RrfQuery(rrf=models.Rrf(k=2))), by_client(models.RrfQuery(rrf=models.Rrf(k=60)))
print("by default:", default)
print("k=60:      ", sixty)
print("Edge, k=2: ", by_edge(2))
assert default == two == by_edge(2), "the constant is another one now"
assert default[5] > default[3] and sixty[3] > sixty[5], "the order is another one now"
PYTHON
