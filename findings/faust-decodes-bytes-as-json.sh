#!/bin/sh
# faust-streaming 0.15.3, app.topic(value_type=bytes).
# Guess: a topic whose values are declared as bytes gives an agent the bytes of the record.
# Seen:  the value is decoded as JSON first and is a dict, unless `value_serializer="raw"` is given as well.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faust-streaming==0.15.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
from types import SimpleNamespace

import faust


async def main():
    app = faust.App("finding", broker="kafka://127.0.0.1:1")
    record = SimpleNamespace(key=b"key", value=b'{"price": 5}', headers=None)

    def seen(**options):
        topic = app.topic("topic", key_type=bytes, value_type=bytes, **options)
        return topic.schema.loads_value(app, record)

    print("value_type=bytes:", repr(seen()))
    print("value_type=bytes, value_serializer='raw':", repr(seen(value_serializer="raw")))
    assert seen() == {"price": 5}
    assert seen(value_serializer="raw") == b'{"price": 5}'


asyncio.run(main())
PYTHON
