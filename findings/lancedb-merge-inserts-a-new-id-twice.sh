#!/bin/sh
# lancedb 0.40.0 (Python), merge_insert of a batch in which one product changes twice.
# Guess: the later row counts, or such a batch is refused.
# Seen:  that depends on what is there. A product of the table: it is refused. A new one: both rows are inserted, without a
#        word, and from then on each change of it, which is one row, is written into both: the product is found twice for
#        good, and a batch that is sent again after a crash does not mend it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check lancedb==0.40.0 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import lancedb
import pyarrow

SCHEMA = pyarrow.schema({"id": pyarrow.string(), "price": pyarrow.float64()})
table = lancedb.connect("shop").create_table("items", schema=SCHEMA)


def merge(*prices):
    change = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    change.execute([{"id": "p-1", "price": price} for price in prices])
    return [(row["id"], row["price"]) for row in table.to_arrow().to_pylist()]


new = merge(10.0, 9.0)
print("a new product, twice in the batch:", new)
assert new == [("p-1", 10.0), ("p-1", 9.0)], "a new product comes once now"
later = merge(8.0)
print("one change of it:                 ", later)
assert later == [("p-1", 8.0), ("p-1", 8.0)]
try:
    merge(7.0, 6.0)
except Exception as error:
    print("a known product, twice:           ", str(error)[:72])
    assert "Ambiguous merge" in str(error)
else:
    raise SystemExit("a known product may come twice in a batch now")
PYTHON
