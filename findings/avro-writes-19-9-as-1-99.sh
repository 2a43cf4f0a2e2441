#!/bin/sh
# avro 1.12.2 (Python, of Apache) beside fastavro 1.13.1: a price as a decimal of scale 2, in bytes.
# Guess: Decimal("19.9") fits a scale of 2, and is written as 19.90; or it is refused.
# Seen:  avro writes the digits as they are and leaves out how many of them are decimals: 19.9 is read as 1.99, 20 as 0.20
#        and -0.5 as -0.05, by itself and by fastavro. Only a price with both decimals, such as 19.99 or 20.00, is what it
#        was, so most tests pass. fastavro writes 19.90 and 20.00.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import json
from decimal import Decimal

import avro.schema
import fastavro
from avro.io import BinaryEncoder, DatumWriter

PRICE = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
SCHEMA = {"type": "record", "name": "Price", "fields": [{"name": "price", "type": PRICE}]}
writer, schema = DatumWriter(avro.schema.parse(json.dumps(SCHEMA))), fastavro.parse_schema(SCHEMA)


def read(written):
    written.seek(0)
    return str(fastavro.schemaless_reader(written, schema)["price"])


def by_avro(price):
    written = io.BytesIO()
    writer.write({"price": Decimal(price)}, BinaryEncoder(written))
    return read(written)


def by_fastavro(price):
    written = io.BytesIO()
    fastavro.schemaless_writer(written, schema, {"price": Decimal(price)})
    return read(written)


CASES = {"19.99": "19.99", "20.00": "20.00", "19.9": "1.99", "20": "0.20", "-0.5": "-0.05"}
for price, expected in CASES.items():
    found = by_avro(price)
    print(f"{price}: avro writes {found}, fastavro {by_fastavro(price)}")
    assert found == expected, "avro writes another price now"
    assert Decimal(by_fastavro(price)) == Decimal(price)
PYTHON
