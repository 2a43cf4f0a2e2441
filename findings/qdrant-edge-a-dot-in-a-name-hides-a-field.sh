#!/bin/sh
# qdrant-edge-py 0.9.0 and the local mode of qdrant-client 1.20.0, a payload with the field "screen.size".
# Guess: the name under which a field was stored is the key by which it is filtered, or a key that means nothing is refused.
# Seen:  the dot of a key is a step into an object: the filter finds nothing, and is_empty finds the point, without a word.
#        In quotes within the key the name is one: '"screen.size"'. Attributes of feeds and columns of flattened tables have
#        such names.
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

PAYLOAD = {"screen.size": "15"}
config = EdgeConfig(vectors={"d": EdgeVectorParams(2, Distance.Cosine)}, sparse_vectors={})
shard = EdgeShard.create(tempfile.mkdtemp(dir="."), config)
shard.update(UpdateOperation.upsert_points([Point(1, {"d": [1.0, 0.0]}, PAYLOAD)]))
client = QdrantClient(":memory:")
client.create_collection("c", vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
client.upsert("c", [models.PointStruct(id=1, vector=[1.0, 0.0], payload=PAYLOAD)])


def edge(condition):
    return len(shard.scroll(ScrollRequest(filter=Filter(must=[condition])))[0])


def local(condition):
    return len(client.scroll("c", scroll_filter=models.Filter(must=[condition]))[0])


seen = {}
for key in ("screen.size", '"screen.size"'):
    is_15 = models.FieldCondition(key=key, match=models.MatchValue(value="15"))
    empty = models.IsEmptyCondition(is_empty=models.PayloadField(key=key))
    seen[key] = [
        [edge(FieldCondition(key, match=MatchValue("15"))), edge(IsEmptyCondition(key))],
        [local(is_15), local(empty)],
    ]
    print(f"key {key}: found by its value and as empty, Edge and local mode:", seen[key])
assert seen["screen.size"] == [[0, 1]] * 2, "a name with a dot is found as it stands now"
assert seen['"screen.size"'] == [[1, 0]] * 2, "quotes no longer make one name of it"
PYTHON
