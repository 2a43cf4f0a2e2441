#!/bin/sh
# tenacity 9.2.1 (Python), @retry on a function that yields, plain and asynchronous: the pages of an API, say.
# Guess: it is run again when it fails, or the decorator refuses it.
# Seen:  calling it only makes the generator, which always succeeds; what fails while it runs is raised at once, after one
#        attempt and without a RetryError. The statistics count one attempt that was good.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tenacity==9.2.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

from tenacity import retry, stop_after_attempt

runs = []


@retry(stop=stop_after_attempt(3))
def pages():
    runs.append("plain")
    yield 1
    raise ConnectionError("away")


@retry(stop=stop_after_attempt(3))
async def pages_as_they_come():
    runs.append("async")
    yield 1
    raise ConnectionError("away")


@retry(stop=stop_after_attempt(3), reraise=True)
def whole():
    runs.append("whole")
    raise ConnectionError("away")


async def read():
    return [page async for page in pages_as_they_come()]


for read_all in (lambda: list(pages()), lambda: asyncio.run(read()), whole):
    try:
        read_all()
    except ConnectionError as error:
        print("ended with", repr(error))
    else:
        raise SystemExit("it did not fail")
counts = {name: runs.count(name) for name in ("plain", "async", "whole")}
print("runs:", counts, "statistics:", pages.statistics)
assert counts == {"plain": 1, "async": 1, "whole": 3}, "generators are retried now"
assert pages.statistics["attempt_number"] == 1
PYTHON
