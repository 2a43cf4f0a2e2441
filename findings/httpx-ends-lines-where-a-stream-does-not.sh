#!/bin/sh
# httpx 0.28.1 and sse-starlette 3.7.0 (Python), server-sent events.
# Guess: the lines of iter_lines() are those of the stream: an event that a browser reads whole is read whole.
# Seen:  iter_lines() ends a line at U+2028, U+2029 and U+0085 too, as str.splitlines does; the standard, browsers and
#        sse-starlette at line feeds and carriage returns alone. A title pasted from a web page has such a separator,
#        orjson and json.dumps(ensure_ascii=False) write it as it is, and the JSON in `data:` is cut within the title.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check httpx==0.28.1 sse-starlette==3.7.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json

import httpx
from sse_starlette import ServerSentEvent

title = "Desk lamp\u2028brass"
sent = ServerSentEvent(json.dumps({"title": title}, ensure_ascii=False), event="alert").encode()
print("sent:", sent)
lines = list(httpx.Response(200, content=sent).iter_lines())
print("read:", lines)
[data] = [line for line in lines if line.startswith("data: ")]
whole = sent.decode().split("\r\n")
assert json.loads(next(line for line in whole if line.startswith("data: "))[6:]) == {"title": title}
try:
    json.loads(data[6:])
except json.JSONDecodeError as error:
    print("the data of the event:", error)
else:
    raise SystemExit("the behaviour has changed: the line is whole")
PYTHON
