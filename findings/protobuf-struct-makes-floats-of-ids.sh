#!/bin/sh
# protobuf 7.36.2 (Python), google.protobuf.Struct, in which services and gateways pass JSON on.
# Guess: JSON that is parsed into a Struct and written again says the same.
# Seen:  every number is a double: the id 12345678901234567 of an order or a variant comes out as 1.2345678901234568e+16,
#        another number, and a count of 5 as 5.0. No error. Ids have to be texts before they go into a Struct.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check protobuf==7.36.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json

from google.protobuf import json_format, struct_pb2

SENT = '{"id": 12345678901234567, "stock": 5, "price": 19.99, "sku": "12345678901234567"}'
written = json_format.MessageToJson(json_format.Parse(SENT, struct_pb2.Struct()), indent=None)
passed = json.loads(written)
print("sent   ", SENT)
print("written", written)
assert passed["id"] == 12345678901234568 and isinstance(passed["id"], float), "an id keeps its digits now"
assert isinstance(passed["stock"], float), "a whole number stays one now"
assert passed["price"] == 19.99 and passed["sku"] == "12345678901234567"
PYTHON
