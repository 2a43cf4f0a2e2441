#!/bin/sh
# polars 2.1.0 beside duckdb 2.0.1 and pyarrow 26.0.1 (Python): a feed whose prices have three decimals, read as
# DECIMAL(10, 2).
# Guess: a decimal is read as exactly by one as by another; what does not fit is rounded at half a cent away from nought, as
#        databases do, or refused.
# Seen:  polars rounds half a cent to the even cent (19.985 is 19.98, 0.005 is 0.00), duckdb away from nought (19.99, 0.01),
#        and pyarrow refuses the column. Neither of the first two says a word, so two loads of one feed differ by a cent.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb
import polars
import pyarrow
from pyarrow import csv

PRICES = ("19.985", "19.995", "20.005", "0.005", "20.0051")
with open("feed.csv", "w", encoding="ascii") as feed:
    feed.write("\n".join(["price", *PRICES, ""]))

by_polars = polars.read_csv("feed.csv", schema_overrides={"price": polars.Decimal(10, 2)})["price"].to_list()
rows = duckdb.sql("select price from read_csv('feed.csv', header = true, columns = {'price': 'DECIMAL(10, 2)'})").fetchall()
by_polars, by_duckdb = [str(price) for price in by_polars], [str(price) for (price,) in rows]
print("feed  ", *PRICES)
print("polars", *by_polars)
print("duckdb", *by_duckdb)
assert by_polars == ["19.98", "20.00", "20.00", "0.00", "20.01"], "polars rounds otherwise now"
assert by_duckdb == ["19.99", "20.00", "20.01", "0.01", "20.01"], "duckdb rounds otherwise now"
options = csv.ConvertOptions(column_types={"price": pyarrow.decimal128(10, 2)})
try:
    csv.read_csv("feed.csv", convert_options=options)
except pyarrow.ArrowInvalid as error:
    print("pyarrow:", error)
else:
    raise SystemExit("pyarrow takes it now")
PYTHON
