#!/bin/sh
# duckdb 2.0.1, pandas 3.1.1, polars 2.1.0 and pyarrow 26.0.1 (Python): the state of a product from its changes, as the last
# row of each id.
# Guess: the values of the last row: a sale that has ended, whose price is null there, has none.
# Seen:  arg_max of duckdb, last of a groupby of pandas and of pyarrow pass over nulls and give the sale price of an older
#        row, beside the new price: a row that never was. max_by is the same. last of polars gives the null, and so do
#        arg_max_null, last(... order by ...) and arg_max of the whole row of duckdb, and last(skipna=False) of pandas.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb
import pandas
import polars
import pyarrow

NAMES = ("id", "version", "price", "sale_price")
CHANGES = [("p-1", 1, 19.99, 9.99), ("p-1", 2, 21.99, None)]
frame = pandas.DataFrame(CHANGES, columns=NAMES)
duckdb.sql("create table changes (id text, version int, price double, sale_price double)")
duckdb.executemany("insert into changes values (?, ?, ?, ?)", CHANGES)


def by_duckdb(sale_price):
    return duckdb.sql(f"select arg_max(price, version), {sale_price} from changes group by id").fetchall()[0]


def by_pandas(**options):
    last = frame.groupby("id").last(**options).iloc[0]
    return last["price"], None if pandas.isna(last["sale_price"]) else last["sale_price"]


def by_pyarrow():
    grouped = pyarrow.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in CHANGES])
    [row] = grouped.group_by("id", use_threads=False).aggregate([("price", "last"), ("sale_price", "last")]).to_pylist()
    return row["price_last"], row["sale_price_last"]


found = {
    "duckdb arg_max": by_duckdb("arg_max(sale_price, version)"),
    "duckdb max_by": by_duckdb("max_by(sale_price, version)"),
    "pandas last": by_pandas(),
    "pyarrow last": by_pyarrow(),
}
rights = {
    "duckdb arg_max_null": by_duckdb("arg_max_null(sale_price, version)"),
    "duckdb last": by_duckdb("last(sale_price order by version)"),
    "duckdb arg_max of the row": by_duckdb("arg_max(changes, version).sale_price"),
    "pandas last(skipna=False)": by_pandas(skipna=False),
    "polars last": polars.DataFrame(CHANGES, NAMES, orient="row").group_by("id").last().row(0)[2:],
}
for name, (price, sale_price) in {**found, **rights}.items():
    print(f"{name}: price {price}, sale price {sale_price}")
assert set(found.values()) == {(21.99, 9.99)}, "a null is the last value now"
assert set(rights.values()) == {(21.99, None)}
PYTHON
