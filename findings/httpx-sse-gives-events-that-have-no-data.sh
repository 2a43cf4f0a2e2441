#!/bin/sh
# httpx-sse 0.4.3 with httpx 0.28.1 (Python), a stream whose server sends its id or its pause for reconnecting alone.
# Guess: only what has data is an event, as the standard of server-sent events and browsers have it.
# Seen:  `id: 7` and `retry: 1000` by themselves are events whose data is an empty text, for which json.loads(event.data)
#        fails, at the first line of a stream that begins with its `retry`. A comment is none.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check httpx-sse==0.4.3 httpx==0.28.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import httpx
from httpx_sse import connect_sse

STREAM = b'retry: 1000\n\n: a comment\n\nid: 7\n\nid: 8\ndata: {"price": 5}\n\n'


def answer(_):
    return httpx.Response(200, content=STREAM, headers={"content-type": "text/event-stream"})


with httpx.Client(transport=httpx.MockTransport(answer)) as client:
    with connect_sse(client, "GET", "http://shop.example/events") as source:
        events = [(event.data, event.id, event.retry) for event in source.iter_sse()]
print("events (data, id, retry):", events)
assert events == [("", "", 1000), ("", "7", None), ('{"price": 5}', "8", None)], "other events are given now"
PYTHON
