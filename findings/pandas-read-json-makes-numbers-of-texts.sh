#!/bin/sh
# pandas 3.1.1 (Python), read_json of a feed in lines of JSON.
# Guess: what is a text in JSON stays a text, since JSON says so; a price is the double that json.loads makes of it.
# Seen:  a column of texts that all look like numbers becomes numbers: the article number "00123" is 123, "1E5" is 100000.0,
#        and a text of seconds in a column whose name ends with _at is a time. It depends on the other rows: one "AB" among
#        them, or the next chunk, and the column keeps its zeros. With dtype=False texts stay. And 50 of the prices 0.01 to
#        1000.00 are not the double of json.loads, so they compare as changed; precise_float=True mends that.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import json

import pandas


def read(*rows, **options):
    lines = "\n".join(json.dumps(row) for row in rows)
    return pandas.read_json(io.StringIO(lines), lines=True, **options).to_dict("records")


ROW = {"sku": "00123", "gtin": "0012345012345", "model": "1E5", "updated_at": "1764547200"}
by_default, with_letters = read(ROW)[0], read(ROW, {**ROW, "sku": "AB"})[0]
print("by default: ", by_default)
print("with one AB:", with_letters["sku"])
assert (by_default["sku"], by_default["gtin"], by_default["model"]) == (123, 12345012345, 100000.0), "texts stay now"
assert isinstance(by_default["updated_at"], pandas.Timestamp)
assert with_letters["sku"] == "00123"
texts = read(ROW, dtype=False, convert_dates=False)
assert texts == [ROW]

prices = [{"price": cents / 100} for cents in range(1, 100_001)]
changed = sum(one != other for one, other in zip(prices, read(*prices), strict=True))
precise = sum(one != other for one, other in zip(prices, read(*prices, precise_float=True), strict=True))
print(f"of {len(prices)} prices {changed} are other doubles; with precise_float {precise}")
assert changed == 50 and precise == 0, "prices are read otherwise now"
PYTHON
