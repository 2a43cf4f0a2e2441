#!/bin/sh
# qdrant-client 1.20.0 in its local mode, and qdrant-edge-py 0.9.0: MatchExcept on a field with several values.
# Guess: all but ["red"] is the opposite of red: no product that is red, and every other one.
# Seen:  it finds a product that is red and blue, since one of its values is another one, and leaves out a product without
#        a colour; an empty list of exceptions leaves that one out as well. must_not with MatchValue is the opposite. With
#        a keyword index it is the same.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-client==1.20.0 qdrant-edge-py==0.9.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import tempfile

import qdrant_edge as edge
from qdrant_client import QdrantClient, models

COLOURS = {1: {"colour": ["red", "blue"]}, 2: {"colour": "red"}, 3: {"colour": "blue"}, 4: {}}
client = QdrantClient(":memory:")
client.create_collection("shop", vectors_config={})
client.upsert("shop", [models.PointStruct(id=number, vector={}, payload=payload) for number, payload in COLOURS.items()])
config = edge.EdgeConfig(vectors={"d": edge.EdgeVectorParams(2, edge.Distance.Cosine)}, sparse_vectors={})
shard = edge.EdgeShard.create(tempfile.mkdtemp(dir="."), config)
points = [edge.Point(number, {"d": [1.0, 0.0]}, payload) for number, payload in COLOURS.items()]
shard.update(edge.UpdateOperation.upsert_points(points))


def by_client(**conditions):
    wanted = {kind: [models.FieldCondition(key="colour", match=match)] for kind, match in conditions.items()}
    return [point.id for point in client.scroll("shop", scroll_filter=models.Filter(**wanted))[0]]


def by_edge(**conditions):
    wanted = {kind: [edge.FieldCondition(key="colour", match=match)] for kind, match in conditions.items()}
    return [point.id for point in shard.scroll(edge.ScrollRequest(limit=10, filter=edge.Filter(**wanted)))[0]]


for index in (False, True):
    if index:
        shard.update(edge.UpdateOperation.create_field_index("colour", edge.PayloadSchemaType.Keyword))
    all_but_red, not_red = by_edge(must=edge.MatchExcept(["red"])), by_edge(must_not=edge.MatchValue("red"))
    print("Edge", "with" if index else "without", "an index: except", all_but_red, "must_not", not_red)
    assert all_but_red == [1, 3] and not_red == [3, 4], "it finds otherwise now"
all_but_red = by_client(must=models.MatchExcept(**{"except": ["red"]}))
all_but_none = by_client(must=models.MatchExcept(**{"except": []}))
not_red = by_client(must_not=models.MatchValue(value="red"))
print("local mode: except", all_but_red, "of none", all_but_none, "must_not", not_red)
assert (all_but_red, all_but_none, not_red) == ([1, 3], [1, 2, 3], [3, 4])
PYTHON
