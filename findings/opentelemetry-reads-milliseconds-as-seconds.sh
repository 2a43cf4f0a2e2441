#!/bin/sh
# opentelemetry-exporter-otlp-proto-http 1.45.2 (Python), OTEL_EXPORTER_OTLP_TIMEOUT.
# Guess: it is in milliseconds, as the specification says and other languages read it, so 10000 is the default of 10 s.
# Seen:  it is in seconds: with 10000 an export may hang on a collector that does not answer for 2 h 47 min, and with 2 it
#        ends after 2 s. OTEL_BSP_SCHEDULE_DELAY beside it is in milliseconds.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import logging
import os
import socket
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

logging.disable(logging.CRITICAL)


def seconds_of_an_export(setting):
    """The time that an export takes to a collector that takes the connection and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        os.environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = setting
        exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces")
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        begin = time.monotonic()
        provider.get_tracer("shop").start_span("search").end()
        return time.monotonic() - begin


taken = seconds_of_an_export("2")
print(f"OTEL_EXPORTER_OTLP_TIMEOUT=2: an export to a silent collector gave up after {taken:.2f} s")
assert taken > 1.5, "the setting is read as milliseconds now"
PYTHON
