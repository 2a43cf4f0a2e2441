#!/bin/sh
# pydantic 2.14.3 (Python), a field that is a datetime, as it is by default (not strict).
# Guess: "20261130", the basic form of ISO 8601, is the 30th of November 2026, or is refused.
# Seen:  a text of digits is a number of seconds: the 23rd of August 1970, 12:05:30 UTC, without an error; "2026" is 33
#        minutes past midnight on the 1st of January 1970. Python's datetime.fromisoformat reads the day, and the JSON
#        Schema that pydantic writes for the field refuses both texts as no date-time. strict=True takes them in JSON, too.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.3 jsonschema-rs==0.60.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
from datetime import datetime

import jsonschema_rs
from pydantic import TypeAdapter

field = TypeAdapter(datetime)
valid = jsonschema_rs.validator_for(field.json_schema(), validate_formats=True).is_valid
seen = {text: field.validate_python(text).isoformat() for text in ("20261130", "2026")}
print("pydantic:", seen, "fromisoformat:", datetime.fromisoformat("20261130").isoformat())
print("valid by the schema", field.json_schema(), [valid(text) for text in seen])
assert seen == {"20261130": "1970-08-23T12:05:30+00:00", "2026": "1970-01-01T00:33:46+00:00"}, "they are read otherwise"
assert not any(map(valid, seen)), "the schema takes them now"
strictly = {text: field.validate_json(json.dumps(text), strict=True).isoformat() for text in seen}
assert strictly == seen, "strict=True reads them otherwise in JSON"
PYTHON
