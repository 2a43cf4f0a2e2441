#!/bin/sh
# chromadb 1.5.9 (Python), a collection whose items are upserted as they change.
# Guess: upsert replaces an item that is there, as that of Qdrant does; add refuses its id.
# Seen:  upsert adds to the metadata that is there, and leaves the text: a product whose sale has ended, and whose event
#        therefore has no sale_price, keeps it, and a filter for cheap ones finds it for good. A value of None takes a
#        name out. add of an id that is there does nothing, and says nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check chromadb==1.5.9
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import chromadb
from chromadb.config import Settings

client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
items = client.create_collection("items", embedding_function=None)
CHEAP = {"sale_price": {"$lt": 10}}


def seen():
    found = items.get(ids=["p-1"])
    return found["metadatas"][0], found["documents"][0]


items.upsert(["p-1"], [[1.0, 0.0]], [{"price": 19.99, "sale_price": 9.99}], ["Red mug"])
items.upsert(["p-1"], [[1.0, 0.0]], [{"price": 19.99}])
after_sale, on_sale = seen(), items.get(where=CHEAP)["ids"]
print("after the sale:", *after_sale, "found on sale:", on_sale)
assert after_sale == ({"price": 19.99, "sale_price": 9.99}, "Red mug"), "upsert replaces now"
assert on_sale == ["p-1"]

items.add(["p-1"], [[0.0, 1.0]], [{"price": 5.0}], ["Blue mug"])
print("after add:     ", *seen())
assert seen() == after_sale, "add takes an id that is there now"

items.upsert(["p-1"], [[1.0, 0.0]], [{"sale_price": None}])
print("after None:    ", *seen())
assert seen()[0] == {"price": 19.99}
PYTHON
