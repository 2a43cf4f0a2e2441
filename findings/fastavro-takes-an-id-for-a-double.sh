#!/bin/sh
# fastavro 1.13.1 beside avro 1.12.2 (Python), a field of the type ["null", "double", "long"], and an int of Python.
# Guess: an int is written as the long, whichever of the two is named first, as Apache's own library writes it.
# Seen:  the first type that takes it is chosen, and a double takes any int: the id 12345678901234567 of a variant is
#        written as 1.2345678901234568e+16, another number, for every reader. A float does so from 16777217 on. No error.
#        The types of whole numbers must come first, or the value names its type: ("long", 12345678901234567).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fastavro==1.13.1 avro==1.12.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import json

import avro.io
import avro.schema
import fastavro


def record(types):
    return {"type": "record", "name": "Variant", "fields": [{"name": "id", "type": types}]}


def by_fastavro(types, value):
    """What Apache's library reads of what fastavro has written."""
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(record(types)), {"id": value})
    return read(types, written)


def by_apache(types, value):
    written = io.BytesIO()
    schema = avro.schema.parse(json.dumps(record(types)))
    avro.io.DatumWriter(schema).write({"id": value}, avro.io.BinaryEncoder(written))
    return read(types, written)


def read(types, written):
    written.seek(0)
    schema = avro.schema.parse(json.dumps(record(types)))
    return avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(written))["id"]


for types, value, wrong in (
    (["null", "double", "long"], 12345678901234567, 1.2345678901234568e16),
    (["null", "float", "int"], 16777217, 16777216.0),
):
    fast, apache = by_fastavro(types, value), by_apache(types, value)
    print(types, value, "fastavro:", fast, "avro:", apache)
    assert isinstance(fast, float) and fast == wrong, "fastavro chooses another type now"
    assert isinstance(apache, int) and apache == value
assert by_fastavro(["null", "long", "double"], 12345678901234567) == 12345678901234567
assert by_fastavro(["null", "double", "long"], ("long", 12345678901234567)) == 12345678901234567
PYTHON
