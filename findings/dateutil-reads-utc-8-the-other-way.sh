#!/bin/sh
# python-dateutil 4.0.0 (Python), parser.parse of the times of a sale.
# Guess: "UTC+8" is Hong Kong, eight hours before UTC, as "+08:00" is.
# Seen:  with letters before it the sign is turned round, as in POSIX: "UTC+8" and "GMT+8" are -08:00, 16 hours late, and
#        "GMT-5" is Karachi. And a name that is not of this machine's own zone is left out: "EST" gives a time without a
#        zone, with a warning.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-dateutil==4.0.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import os
import time
import warnings

os.environ["TZ"] = "UTC"
time.tzset()

from dateutil.parser import parse

HOURS = {"+08:00": 8, "+0800": 8, " +08": 8, " UTC+8": -8, " GMT+8": -8, " UTC+08:00": -8, " GMT-5": 5}
for zone, expected in HOURS.items():
    hours = parse(f"2026-12-01 00:00{zone}").utcoffset().total_seconds() / 3600
    print(f"2026-12-01 00:00{zone}: {hours:+.0f} hours")
    assert hours == expected, "it is read otherwise now"
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    eastern = parse("2026-12-01 00:00 EST")
print("2026-12-01 00:00 EST:", eastern.utcoffset(), *(each.category.__name__ for each in warned))
assert eastern.tzinfo is None and len(warned) == 1
PYTHON
