#!/bin/sh
# The local mode of qdrant-client 1.20.0 (Python), a hybrid query: two prefetches, and Fusion.RRF over them.
# Guess: a query with limit=20 gives 20 of 30 points, and offset=10 the second ten, as a query without prefetches does.
# Seen:  a prefetch without a limit of its own gives ten: the page of 20 has 10 hits and the second page none, without a
#        word. A prefetch must reach as far as limit + offset, and its own limit is the only bound that counts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-client==1.20.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from qdrant_client import QdrantClient, models

client = QdrantClient(":memory:")
params = models.VectorParams(size=2, distance=models.Distance.COSINE)
client.create_collection("shop", vectors_config={"title": params, "image": params})
vectors = [[1.0, 0.01 * number] for number in range(30)]
client.upsert("shop", [models.PointStruct(id=n, vector={"title": v, "image": v}) for n, v in enumerate(vectors)])


def hits(limit, offset, reach=None):
    prefetches = [models.Prefetch(query=[1.0, 0.0], using=name, limit=reach) for name in ("title", "image")]
    fused = models.FusionQuery(fusion=models.Fusion.RRF)
    return len(client.query_points("shop", prefetch=prefetches, query=fused, limit=limit, offset=offset).points)


alone = len(client.query_points("shop", query=[1.0, 0.0], using="title", limit=10, offset=10).points)
print("without prefetches, limit 10, offset 10:", alone, "hits")
print("limit 20:", hits(20, 0), "hits; limit 10, offset 10:", hits(10, 10), "; with 20 of each prefetch:", hits(10, 10, 20))
assert alone == 10
assert hits(20, 0) == 10 and hits(10, 10) == 0, "a prefetch reaches further now"
assert hits(20, 0, 20) == 20 and hits(10, 10, 20) == 10
PYTHON
