#!/bin/sh
# jsonschema 4.26.0 beside jsonschema-rs 0.61.2 and fastjsonschema 2.22.3 (Python), a price with "multipleOf": 0.01.
# Guess: 19.99 is valid, as the standard means and other validators say; a schema has one meaning.
# Seen:  jsonschema divides the doubles and wants a whole number: 19.99, 4.35 and 0.07 are refused, 1.1 and 29.99 are not.
#        Of the prices 0.01 to 100.00 it refuses 1,363, the other two none. json.loads(parse_float=Decimal) with a Decimal
#        in the schema puts it right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    jsonschema==4.26.0 jsonschema-rs==0.61.2 fastjsonschema==2.22.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
from decimal import Decimal

import fastjsonschema
import jsonschema
import jsonschema_rs

SCHEMA = {"type": "number", "multipleOf": 0.01}
in_python = jsonschema.Draft202012Validator(SCHEMA)
in_rust = jsonschema_rs.validator_for(SCHEMA)
compiled = fastjsonschema.compile(SCHEMA)


def is_valid_compiled(price):
    try:
        compiled(price)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


prices = [cents / 100 for cents in range(1, 10_001)]
refused = [price for price in prices if not in_python.is_valid(price)]
others = [price for price in prices if not in_rust.is_valid(price) or not is_valid_compiled(price)]
print("refused by jsonschema:", len(refused), "of", len(prices), refused[:5], "by the others:", len(others))
assert len(refused) == 1_363 and 19.99 in refused and 1.1 not in refused, "it judges otherwise now"
assert not others

exact = jsonschema.Draft202012Validator({"type": "number", "multipleOf": Decimal("0.01")})
assert all(exact.is_valid(json.loads(f"{price:.2f}", parse_float=Decimal)) for price in prices)
assert not exact.is_valid(Decimal("19.995"))
print("with decimals none is refused, and 19.995 is")
PYTHON
