#!/bin/sh
# csv of Python 3.11, beside polars 2.1.0: a quoted cell of more than 131,072 characters, such as a description in HTML
# with a picture in it.
# Guess: the reader takes a cell of any length; or it refuses the row, and the next row is the one behind it.
# Seen:  the row is an error, and whoever catches it to read on gets the rest of the cell: each of its lines is a row, here
#        one with the words of a description as its id. csv.field_size_limit sets the bound, for the whole process.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import csv
import io

import polars

LONG = "x" * 140_000
TABLE = f'id,title,description\nlamp-1,Brass lamp,"{LONG}\nSolid, heavy, polished\nMade to last"\ncup-1,Cup,small\n'


def rows(text):
    reader, found = csv.reader(io.StringIO(text, newline="")), []
    while True:
        try:
            found.append(next(reader))
        except csv.Error as error:
            found.append(str(error))
        except StopIteration:
            return found


by_default = rows(TABLE)
csv.field_size_limit(1 << 20)
print("by default:", by_default)
print("with a greater limit:", [row[0] for row in rows(TABLE)])
print("polars:", polars.read_csv(io.BytesIO(TABLE.encode()))["id"].to_list())
assert by_default == [
    ["id", "title", "description"],
    "field larger than field limit (131072)",
    *(["Solid", " heavy", " polished"], ['Made to last"'], ["cup-1", "Cup", "small"]),
], "the reader goes on otherwise now"
assert [row[0] for row in rows(TABLE)] == ["id", "lamp-1", "cup-1"]
assert polars.read_csv(io.BytesIO(TABLE.encode()))["id"].to_list() == ["lamp-1", "cup-1"]
PYTHON
