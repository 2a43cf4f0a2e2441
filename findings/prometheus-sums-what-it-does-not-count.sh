#!/bin/sh
# prometheus-client 0.26.0 (Python), a Histogram that is given one NaN, as a mean of nothing is.
# Guess: NaN is refused, or left out, or counted as every other value is.
# Seen:  it is in no bucket, so the count leaves it out, and the sum is NaN from then on: rate(..._sum) and every mean of it
#        are NaN until the process ends, while count and buckets look right. A Summary counts it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check prometheus-client==0.26.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import math

from prometheus_client import CollectorRegistry, Histogram, Summary

registry = CollectorRegistry()
histogram = Histogram("wait_seconds", "waits", buckets=(0.1, 1.0), registry=registry)
summary = Summary("size", "sizes", registry=registry)
for value in (0.05, math.nan, 0.5):
    histogram.observe(value)
    summary.observe(value)
read = registry.get_sample_value
count, total = read("wait_seconds_count"), read("wait_seconds_sum")
last, counted = read("wait_seconds_bucket", {"le": "+Inf"}), read("size_count")
print("histogram: count", count, "in +Inf", last, "sum", total, "summary: count", counted, "sum", read("size_sum"))
assert (count, last) == (2.0, 2.0), "a histogram counts NaN now"
assert math.isnan(total), "the sum is a number now"
assert counted == 3.0
PYTHON
