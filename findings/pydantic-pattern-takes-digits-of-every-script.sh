#!/bin/sh
# pydantic 2.14.3 (Python), and the JSON Schema that it writes, read by jsonschema-rs 0.60.3.
# Guess: a value that a model takes is valid by the model's own JSON Schema.
# Seen:  \d of Field(pattern=...) is any digit of Unicode in pydantic (Rust's regex), and 0 to 9 in JSON Schema (ECMA 262):
#        a GTIN in Arabic or full-width digits, as they are typed in shops, passes the model, is refused by the schema, and
#        is another text than the same number in 0 to 9. [0-9] means the same to both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.3 jsonschema-rs==0.60.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import jsonschema_rs
from pydantic import BaseModel, Field, ValidationError


class Shorthand(BaseModel):
    gtin: str = Field(pattern=r"^\d{8}$")


class Written(BaseModel):
    gtin: str = Field(pattern=r"^[0-9]{8}$")


def taken(model, gtin):
    try:
        model(gtin=gtin)
    except ValidationError:
        return False
    return True


seen = {}
for model in (Shorthand, Written):
    for gtin in ("40123455", "٤٠١٢٣٤٥٥", "４０１２３４５５"):
        by_schema = jsonschema_rs.is_valid(model.model_json_schema(), {"gtin": gtin})
        seen[model, gtin] = taken(model, gtin), by_schema
        print(model.model_fields["gtin"].metadata[0].pattern, gtin, "model", seen[model, gtin][0], "schema", by_schema)
wanted = [(True, True), (True, False), (True, False), (True, True), (False, False), (False, False)]
if list(seen.values()) != wanted:
    raise SystemExit("the behaviour has changed")
PYTHON
