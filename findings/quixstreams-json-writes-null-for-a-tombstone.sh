#!/bin/sh
# quixstreams 3.28.1 (Python), a topic with its JSON serializer, which is the default.
# Guess: a value that is None is written as a record without a value, the tombstone that deletes a key.
# Seen:  it is the four bytes `null`: compaction keeps the record, and readers of other clients get JSON. Read again, the
#        record and a real tombstone are both a row whose value is None. value_serializer="bytes" writes a tombstone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check quixstreams==3.28.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from quixstreams.models import BytesSerializer, JSONDeserializer, JSONSerializer, StringSerializer, Topic


class Record:
    """A message as confluent-kafka gives it."""

    def __init__(self, value):
        self.of_record = {"topic": "products", "partition": 0, "offset": 0, "timestamp": (1, 0), "key": b"lamp-1"}
        self.of_record |= {"value": value, "headers": None, "latency": 0, "leader_epoch": 0}

    def __getattr__(self, name):
        return lambda: self.of_record[name]

    def __len__(self):
        return 1


def topic(serializer):
    return Topic(
        "products",
        key_serializer=StringSerializer(),
        value_serializer=serializer,
        value_deserializer=JSONDeserializer(),
    )


written = {
    name: topic(each).serialize(key="lamp-1", value=None).value
    for name, each in {"json": JSONSerializer(), "bytes": BytesSerializer()}.items()
}
read = {value: topic(JSONSerializer()).row_deserialize(Record(value)).value for value in (b"null", None)}
print("None is written as", written, "and read back", read)
assert written == {"json": b"null", "bytes": None}, "a tombstone is written otherwise now"
assert read == {b"null": None, None: None}, "the two are told apart now"
PYTHON
