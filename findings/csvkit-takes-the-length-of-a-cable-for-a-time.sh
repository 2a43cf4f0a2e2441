#!/bin/sh
# csvkit 2.2.0 with agate 1.14.2 (Python), csvsort and csvjson of a table of products.
# Guess: a command that sorts a table leaves its cells as they are; "5m" and "19,99" are texts.
# Seen:  the type of each column is guessed first, and cells are written as that type: 5m and 10m are 0:05:00 and 0:10:00,
#        May is the first of May of the year 1, $19.99 loses its sign, 19,99 is 1999, and the article number 00123 is 123. No
#        word is said. -I leaves all as it is.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check csvkit==2.2.0 agate==1.14.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import csv
import io
import subprocess

CELLS = {
    "length": ["5m", "10m"],
    "pack": ["3 d", "10 s"],
    "ratio": ["1:30", "2:45"],
    "line": ["May", "June"],
    "price": ["$19.99", "$5"],
    "sum": ["19,99", "5,00"],
    "sku": ["00123", "00124"],
    "size": ["S", "M"],
}
table = io.StringIO()
csv.writer(table).writerows([["id", *CELLS], *([f"p-{n}", *row] for n, row in enumerate(zip(*CELLS.values())))])


def sorted_by_id(*options):
    command = ["venv/bin/csvsort", "-c", "id", *options]
    done = subprocess.run(command, input=table.getvalue(), capture_output=True, text=True, check=True)
    return {name: cells for name, *cells in zip(*csv.reader(io.StringIO(done.stdout))) if name != "id"}


guessed, plain = sorted_by_id(), sorted_by_id("-I")
for name, cells in CELLS.items():
    print(f"{name}: {cells} is {guessed[name]}")
assert guessed == {
    "length": ["0:05:00", "0:10:00"],
    "pack": ["3 days, 0:00:00", "0:00:10"],
    "ratio": ["0:01:30", "0:02:45"],
    "line": ["0001-05-01", "0001-06-01"],
    "price": ["19.99", "5"],
    "sum": ["1999", "500"],
    "sku": ["123", "124"],
    "size": ["S", "M"],
}, "the types are guessed otherwise now"
assert plain == CELLS, "-I changes cells now"
PYTHON
