#!/bin/sh
# fastavro 1.13.1 (Python), a column of the type timestamp-millis that holds Java's Long.MAX_VALUE for "never".
# Guess: what Python's datetime cannot hold comes as the number that it is; the other columns are read in any case.
# Seen:  OverflowError, and the whole record is lost with it, though nobody asked for that column. A date of the year 10000
#        is a ValueError, and so is the time of day 24:00, which PostgreSQL has; a timestamp-nanos is a number. A reader's
#        schema without the column, or a reader of one's own in fastavro.read.LOGICAL_READERS, reads the others.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fastavro==1.13.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io

import fastavro


def schema(*fields):
    columns = [{"name": name, "type": kind} for name, kind in fields]
    return fastavro.parse_schema({"type": "record", "name": "Row", "fields": columns})


def read(base, logical, value, of_reader=None):
    written = io.BytesIO()
    fastavro.schemaless_writer(written, schema(("sku", "string"), ("until", base)), {"sku": "a", "until": value})
    written.seek(0)
    of_writer = schema(("sku", "string"), ("until", {"type": base, "logicalType": logical}))
    try:
        return fastavro.schemaless_reader(written, of_writer, of_reader)
    except (OverflowError, ValueError) as error:
        return type(error).__name__


CASES = {
    ("long", "timestamp-millis", 2**63 - 1): "OverflowError",
    ("int", "date", 2_932_897): "ValueError",
    ("int", "time-millis", 86_400_000): "ValueError",
    ("long", "timestamp-nanos", 2**63 - 1): {"sku": "a", "until": 2**63 - 1},
}
for case, expected in CASES.items():
    print(*case, "->", read(*case))
    assert read(*case) == expected, "it is read otherwise now"
without = read("long", "timestamp-millis", 2**63 - 1, schema(("sku", "string")))
print("by a schema without the column:", without)
assert without == {"sku": "a"}, "a column that the reader leaves out is converted now"
PYTHON
