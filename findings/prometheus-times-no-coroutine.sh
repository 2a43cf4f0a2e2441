#!/bin/sh
# prometheus-client 0.26.0 (Python), the decorators of its metrics on an `async def`.
# Guess: @histogram.time() measures how long the call takes, @counter.count_exceptions() counts what it raises, and
#        @gauge.track_inprogress() the calls that run; or they refuse what they cannot measure.
# Seen:  they measure the making of the coroutine: some microseconds for 0.2 s of work, no error counted, nothing in
#        progress, while the count of calls is right. `with histogram.time():` within the function measures it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check prometheus-client==0.26.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

registry = CollectorRegistry()
seconds = Histogram("search_seconds", "Time of a search.", registry=registry)
within = Histogram("within_seconds", "Time of a search, measured within it.", registry=registry)
failed = Counter("failed", "Searches that failed.", registry=registry)
running = Gauge("running", "Searches that run.", registry=registry)
seen = []


@seconds.time()
@failed.count_exceptions()
@running.track_inprogress()
async def search():
    with within.time():
        seen.append(registry.get_sample_value("running"))
        await asyncio.sleep(0.2)
    raise ConnectionError


try:
    asyncio.run(search())
except ConnectionError:
    pass
sample = registry.get_sample_value
print("decorator", sample("search_seconds_sum"), "s; within", sample("within_seconds_sum"), "s; calls",
      sample("search_seconds_count"), "failed", sample("failed_total"), "running meanwhile", seen)
assert sample("search_seconds_count") == 1
assert sample("search_seconds_sum") < 0.1 <= sample("within_seconds_sum"), "the decorator waits for coroutines now"
assert sample("failed_total") == 0 and seen == [0]
PYTHON
