#!/bin/sh
# pydantic 2.14.3 beside msgspec 0.22.0 (Python), a field that is a Decimal, and a JSON number.
# Guess: validate_json gives the decimal that the JSON says, which is why the field is a Decimal.
# Seen:  the number is read as a double first: 12345678901234.123456 comes out as 12345678901234.123, and 0.1 with 20 more
#        digits as 0.1, without an error. msgspec gives all digits; both do where the number is a text.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.3 msgspec==0.22.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal

import msgspec
from pydantic import TypeAdapter

field = TypeAdapter(Decimal)
for number, expected in {
    b"12345678901234.123456": "12345678901234.123",
    b"0.10000000000000000000001": "0.1",
    b"19.99": "19.99",
}.items():
    read = field.validate_json(number)
    exact = msgspec.json.decode(number, type=Decimal)
    as_text = field.validate_json(b'"' + number + b'"')
    print(number.decode(), "pydantic", read, "of a text", as_text, "msgspec", exact)
    assert str(read) == expected, "pydantic reads other digits now"
    assert str(exact) == str(as_text) == number.decode()
PYTHON
