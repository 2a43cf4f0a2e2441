#!/bin/sh
# polars 2.1.0 (Python), read_ndjson of change events, in which most lines have few keys.
# Guess: the frame has a column for each key that a line has, or the reader refuses a line with a key that it does not know.
# Seen:  the columns are those of the first 100 lines. Keys that come first in line 101 are dropped without a word: a delete
#        becomes a row that looks like any other, and a sale price is gone. infer_schema_length=None reads them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import json

import polars

events = [{"product_id": f"p-{number}", "price": 20.5} for number in range(100)]
events += [{"product_id": "p-7", "op": "delete"}, {"product_id": "p-8", "price": 20.5, "sale_price": 5.5}]
lines = "\n".join(map(json.dumps, events)).encode()
by_default = polars.read_ndjson(io.BytesIO(lines))
whole = polars.read_ndjson(io.BytesIO(lines), infer_schema_length=None)
print("columns by default:", by_default.columns, "the last two rows:", by_default.tail(2).to_dicts())
print("columns with infer_schema_length=None:", whole.columns, whole.tail(2).to_dicts())
assert by_default.columns == ["product_id", "price"], "keys that come late are columns now"
assert by_default.tail(2).to_dicts() == [{"product_id": "p-7", "price": None}, {"product_id": "p-8", "price": 20.5}]
assert set(whole.columns) == {"product_id", "price", "op", "sale_price"}, "None no longer looks at all lines"
PYTHON
