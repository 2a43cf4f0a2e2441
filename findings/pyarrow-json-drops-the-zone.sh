#!/bin/sh
# pyarrow 26.0.1 (Python), read_json beside its own read_csv: times with a zone, such as the start of a sale.
# Guess: a text in quotes is a text; or, if it is read as a time, 2026-12-01T00:00:00+08:00 keeps that it is an instant.
# Seen:  it is a timestamp without a zone, 16:00 of the day before, which looks like a local time, and a text without a
#        zone in the same column is one as well, so the two can no longer be told apart. With half a second in one of them
#        all stay texts. read_csv gives a zone (UTC), and leaves a mixed column as texts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io

from pyarrow import csv, json

ZONED, LOCAL, FINE = "2026-12-01T00:00:00+08:00", "2026-12-01T00:00:00", "2026-12-01T00:00:00.5+08:00"


def of_json(*times):
    return json.read_json(io.BytesIO("".join(f'{{"starts": "{time}"}}\n' for time in times).encode()))["starts"]


def of_csv(*times):
    return csv.read_csv(io.BytesIO("\n".join(["starts", *times]).encode()))["starts"]


for times in ((ZONED,), (ZONED, LOCAL), (ZONED, FINE)):
    for name, column in (("json", of_json(*times)), ("csv", of_csv(*times))):
        print(f"{name} {times}: {column.type}", [str(value) for value in column.to_pylist()])
assert str(of_json(ZONED).type) == "timestamp[s]", "a zone is kept now"
assert [str(value) for value in of_json(ZONED, LOCAL).to_pylist()] == ["2026-11-30 16:00:00", "2026-12-01 00:00:00"]
assert str(of_json(ZONED, FINE).type) == "string"
assert str(of_csv(ZONED).type) == "timestamp[s, tz=UTC]" and str(of_csv(ZONED, LOCAL).type) == "string"
PYTHON
