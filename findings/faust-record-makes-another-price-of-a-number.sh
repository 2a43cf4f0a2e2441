#!/bin/sh
# faust-streaming 0.15.3 (Python), faust.Record with coerce=True, as its documentation gives it for typed fields.
# Guess: a field that is a Decimal holds 19.99 where the JSON says 19.99, and a bool is false where it says "false".
# Seen:  the Decimal is made of the binary double, and 19.98999999999999843... is what dumps() sends on, as text, so the
#        next reader has it as well; bool("false") is True, so a flag that came as text is set. No error, with
#        validation=True neither. Prices must be texts in such JSON, and flags no texts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faust-streaming==0.15.3
cd "$folder"
cat >offer.py <<'PYTHON'
from decimal import Decimal

import faust


class Offer(faust.Record, coerce=True, validation=True):
    price: Decimal
    visible: bool


number = Offer.loads(b'{"price": 19.99, "visible": "false"}', serializer="json")
text = Offer.loads(b'{"price": "19.99", "visible": false}', serializer="json")
print("of a number and a text:", number)
print("sent on:", number.dumps(serializer="json"))
print("of a text and a boolean:", text)
assert (text.price, text.visible) == (Decimal("19.99"), False)
if number.price == Decimal("19.99") or not number.visible:
    raise SystemExit("the behaviour has changed")
assert b"19.98999999999999" in number.dumps(serializer="json")
PYTHON
"$folder/venv/bin/python" offer.py
