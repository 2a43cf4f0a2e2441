#!/bin/sh
# datetime and zoneinfo of Python 3.11 with tzdata 2026.6: aware times around the hour that comes twice.
# Guess: aware times are instants: they are compared, subtracted and looked up as such.
# Seen:  two times with one ZoneInfo are compared by the clock on the wall: at the end of summer time the change of 02:30
#        that came 45 minutes after the one of 02:45 is the older, so the last writer loses, and a day of 25 hours is 24 hours
#        long. A time of that hour equals no time of another zone, not its own in UTC, and is found in no set by it. Only in
#        UTC, or as a number, are they instants.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tzdata==2026.6
cd "$folder"
PYTHONTZPATH= "$folder/venv/bin/python" - <<'PYTHON'
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

berlin = ZoneInfo("Europe/Berlin")
before = datetime(2026, 10, 25, 2, 45, tzinfo=berlin)
after = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin)
print("later by", after.timestamp() - before.timestamp(), "s; after > before:", after > before, "; after - before:", end="")
print("", after - before)
assert after.timestamp() - before.timestamp() == 45 * 60
assert not after > before and after - before == timedelta(minutes=-15), "instants are compared now"
assert max([before, after]) is before
assert after.astimezone(UTC) > before.astimezone(UTC)

begin, end = datetime(2026, 10, 25, tzinfo=berlin), datetime(2026, 10, 26, tzinfo=berlin)
print("the day has", end - begin, "; in UTC", end.astimezone(UTC) - begin.astimezone(UTC))
assert end - begin == timedelta(hours=24)
assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=25)

same = before.astimezone(UTC)
print("equal to itself in UTC:", before == same, "; an hour before:", before - timedelta(hours=1) == same - timedelta(hours=1))
assert before != same and before not in {same}
assert before - timedelta(hours=1) == same - timedelta(hours=1)
PYTHON
