#!/bin/sh
# qdrant-edge-py 0.9.0 and the local mode of qdrant-client 1.20.0: a query with Mmr, which makes the first hits differ.
# Guess: the hits come with the score by which they are ordered, so it falls; the weight means the same in both.
# Seen:  each hit has its plain similarity, and its place by another score that is not given: 1.0, 0.742, 1.0, 0.999. Who
#        sorts hits by score, as a join of several collections or a page of two lists does, has undone the diversity without
#        a word. And Edge's lambda_ is the weight of relevance where the client's diversity is that of difference.
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

VECTORS = {1: [1.0, 0.0], 2: [0.999, 0.02], 3: [0.998, 0.03], 4: [0.7, 0.7], 5: [0.6, -0.6]}
QUERY = [1.0, 0.05]


def by_edge(relevance):
    config = EdgeConfig(vectors={"d": EdgeVectorParams(2, Distance.Cosine)}, sparse_vectors={})
    shard = EdgeShard.create(tempfile.mkdtemp(dir="."), config)
    shard.update(UpdateOperation.upsert_points([Point(number, {"d": vector}, {}) for number, vector in VECTORS.items()]))
    hits = shard.query(QueryRequest(limit=5, query=Mmr(QUERY, relevance, 10, using="d")))
    return [(hit.id, round(hit.score, 3)) for hit in hits]


def by_client(diversity):
    client = QdrantClient(":memory:")
    client.create_collection("shop", vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
    client.upsert("shop", [models.PointStruct(id=number, vector=vector) for number, vector in VECTORS.items()])
    mmr = models.Mmr(diversity=diversity, candidates_limit=10)
    hits = client.query_points("shop", query=models.NearestQuery(nearest=QUERY, mmr=mmr), limit=5).points
    return [(hit.id, round(hit.score, 3)) for hit in hits]


edge, client = by_edge(0.5), by_client(0.5)
print("Edge:", edge)
print("client:", client)
assert edge == client
assert [number for number, _ in edge] == [3, 4, 2, 1, 5]
scores = [score for _, score in edge]
assert scores[0] == 1.0 and scores[1] < 0.75 and scores[2] == 1.0, "scores are those of the order now"
assert by_edge(0.7) == by_client(0.3) != by_edge(0.3), "both weights mean the same now"
PYTHON
