#!/bin/sh
# pathway 0.33.0 (Python), a stream of JSON with a schema: price a float, stock an int.
# Guess: 9 is read as a float, and 0.0 as an int, since it is whole; what cannot be read ends the run, as terminate_on_error
#        is on unless it is said otherwise.
# Seen:  9 is read, and an event with 0.0 is passed over whole, with a line in the log, and the run ends well: a product that
#        is sold out, of which pandas or a column of doubles wrote 0.0, stays as it was, in stock and at the old price.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pathway==0.33.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import logging

import pathway

CHANGES = [
    {"id": "p-1", "price": 19.99, "stock": 5},
    {"id": "p-1", "price": 17.99, "stock": 0.0},
    {"id": "p-2", "price": 9, "stock": 1},
]


class Item(pathway.Schema):
    id: str = pathway.column_definition(primary_key=True)
    price: float
    stock: int


class Changes(pathway.io.python.ConnectorSubject):
    def run(self):
        for change in CHANGES:
            self.next_json(change)
            self.commit()


items = {}


def seen(key, row, time, is_addition):
    if is_addition:
        items[row["id"]] = row["price"], row["stock"]


logging.disable(logging.INFO)
pathway.io.subscribe(pathway.io.python.read(Changes(), schema=Item), seen)
pathway.run(monitoring_level=pathway.MonitoringLevel.NONE)
print("after all changes:", items)
assert items == {"p-1": (19.99, 5), "p-2": (9.0, 1)}, "a whole number with a point is an int now, or ends the run"
PYTHON
