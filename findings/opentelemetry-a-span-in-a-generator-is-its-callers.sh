#!/bin/sh
# opentelemetry-sdk 1.45.2 (Python), `with tracer.start_as_current_span(...)` around the yields of a generator.
# Guess: the span is current within the generator alone, as the `with` is.
# Seen:  between two values it is current for whoever reads them: the spans of the caller become its children, also the
#        asynchronous generator of a stream that stays open for minutes. start_span without making it current does not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opentelemetry-sdk==1.45.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("finding")


def values():
    with tracer.start_as_current_span("values"):
        yield 1
        yield 2


async def events():
    with tracer.start_as_current_span("events"):
        yield 1
        yield 2


async def read():
    async for _ in events():
        tracer.start_span("async caller").end()


for _ in values():
    tracer.start_span("plain caller").end()
asyncio.run(read())
spans = exporter.get_finished_spans()
names = {span.context.span_id: span.name for span in spans}
parents = {span.name: names.get(span.parent.span_id) for span in spans if span.parent}
print("parents:", parents)
assert parents == {"plain caller": "values", "async caller": "events"}, "the caller's spans have no such parent now"
PYTHON
