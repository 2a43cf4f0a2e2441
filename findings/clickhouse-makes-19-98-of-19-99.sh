#!/bin/sh
# chdb 4.4.0 (Python), which is ClickHouse in the process: prices as Decimal(10, 2).
# Guess: a literal 19.99, or a double read from a file, is 19.99 as a decimal of two places, as it is in PostgreSQL.
# Seen:  the double 19.99 is 19.989999999999998436..., and the places behind the second are cut off, not rounded: 19.98, by
#        cast and toDecimal64, in values(), and of a number that was read from JSON. Of the prices 0.01 to 20.00 there are
#        137 that lose a cent. A text is read as it is; so is a number of JSON whose column is declared as a decimal, and the
#        literal before a "::". duckdb rounds.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check chdb==4.4.0 duckdb==2.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json

import chdb
import duckdb


def asked(query):
    return chdb.query(query, "TSV").bytes().decode().split()


def price(expression):
    return asked(f"select {expression}")[0]


cast = price("cast(19.99 as Decimal(10, 2))")
function = price("toDecimal64(19.99, 2)")
[values] = asked("select price from values('price Decimal(10, 2)', (19.99))")
with open("prices.jsonl", "w") as lines:
    lines.write(json.dumps({"price": 19.99}))
[file] = asked("select cast(price as Decimal(10, 2)) from file('prices.jsonl', 'JSONEachRow')")
[declared] = asked("select price from file('prices.jsonl', 'JSONEachRow', 'price Decimal(10, 2)')")
text, shorthand = price("toDecimal64('19.99', 2)"), price("19.99::Decimal(10, 2)")
[less] = asked("select count() from numbers(1, 2000) where toDecimal64(number / 100, 2) * 100 = number - 1")
peer = duckdb.sql("select cast(19.99::double as decimal(10, 2))").fetchall()[0][0]
print("cast:", cast, "function:", function, "values():", values, "a number of a file, cast:", file)
print("a number of a file that is declared:", declared, "a text:", text, "before ::", shorthand, "duckdb:", peer)
print("prices of 0.01 to 20.00 that are a cent less:", less)
assert {cast, function, values, file} == {"19.98"}, "it rounds now"
assert {text, shorthand, str(peer)} == {"19.99"}
assert less == "137", "other prices are less now"
PYTHON
