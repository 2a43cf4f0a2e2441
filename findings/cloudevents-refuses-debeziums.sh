#!/bin/sh
# cloudevents 2.2.0 (Python), structured events over Kafka as Debezium 3.6.3 writes them.
# Guess: the SDK reads a CloudEvent 1.0 of a well-known source.
# Seen:  it refuses the whole event for one attribute with a capital letter (iodebeziumtxId), which the standard forbids
#        and Debezium writes; where an event has no time, it invents one, the moment of reading.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cloudevents==2.2.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json

from cloudevents.core.bindings.kafka import KafkaMessage, from_structured
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat

attributes = {"id": "1", "source": "/debezium/postgresql/s", "specversion": "1.0", "type": "io.debezium.x"}


def read(event):
    headers = {"content-type": b"application/cloudevents+json"}
    return from_structured(KafkaMessage(headers, None, json.dumps(event).encode()), JSONFormat())


event = attributes | {"data": {"before": None, "after": {"id": "p-1"}}}
print("without the attribute:", read(event).get_data())
try:
    read(event | {"iodebeziumtxId": "867"})
except CloudEventValidationError as error:
    print("with it:", error)
else:
    raise SystemExit("the behaviour has changed: it is read now")
print("the time of an event that has none:", read(event).get_time())
assert read(event).get_time() is not None
PYTHON
