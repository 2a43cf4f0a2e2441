#!/bin/sh
# qdrant-edge-py 0.9.0 and the local mode of qdrant-client 1.20.0, times in a payload, with and without a datetime index.
# Guess: times in ISO 8601 can be compared, such as 2026-12-01T11:07+0100, the form that Google Merchant gives as its
#        example; or an upsert with a time that the index cannot read is refused.
# Seen:  with a zone the seconds must be there: 11:07+0100 and 11:07Z are stored, and no range finds them, without a word,
#        while 11:07 without a zone and 11:07:00+0100 are times. A range that is given in that form raises.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-edge-py==0.9.0 qdrant-client==1.20.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import tempfile
from datetime import UTC, datetime

from qdrant_client import QdrantClient, models
from qdrant_edge import *

TIMES = ("2026-12-01T11:07+0100", "2026-12-01T11:07Z", "20261201") + (
    KNOWN := ("2026-12-01T11:07", "2026-12-01T11:07:00+0100", "2026-12-01")
)


def found_by_edge(index):
    config = EdgeConfig(vectors={"d": EdgeVectorParams(2, Distance.Cosine)}, sparse_vectors={})
    shard = EdgeShard.create(tempfile.mkdtemp(dir="."), config)
    if index:
        shard.update(UpdateOperation.create_field_index("from", PayloadSchemaType.Datetime))
    points = [Point(number, {"d": [1.0, 0.0]}, {"from": time}) for number, time in enumerate(TIMES)]
    shard.update(UpdateOperation.upsert_points(points))
    since = Filter(must=[FieldCondition("from", range=RangeDateTime(gte="2026-11-01T00:00:00Z"))])
    return [TIMES[record.id] for record in shard.scroll(ScrollRequest(filter=since, limit=10))[0]]


def found_by_local_mode():
    client = QdrantClient(":memory:")
    client.create_collection("shop", vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
    points = [models.PointStruct(id=n, vector=[1.0, 0.0], payload={"from": time}) for n, time in enumerate(TIMES)]
    client.upsert("shop", points)
    since = models.FieldCondition(key="from", range=models.DatetimeRange(gte=datetime(2026, 11, 1, tzinfo=UTC)))
    return [TIMES[record.id] for record in client.scroll("shop", scroll_filter=models.Filter(must=[since]))[0]]


for name, found in (
    ("Edge", found_by_edge(False)),
    ("Edge with an index", found_by_edge(True)),
    ("local mode", found_by_local_mode()),
):
    print(f"{name}: found {found}, not {[time for time in TIMES if time not in found]}")
    assert found == list(KNOWN), "other times are known now"
try:
    RangeDateTime(gte=TIMES[0])
except ValueError as error:
    print("a range from it:", error)
else:
    raise SystemExit("a range is read in that form now")
PYTHON
