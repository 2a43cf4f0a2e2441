"""A substitute for a worker of `up`, `python up_worker.py NAME`, which files in UP_TEST_DIR tell what to do.

It writes a line to UP_TEST_DIR/events at each start and stop. `index` serves the API; UP_TEST_DIR/lag has its lag.
"""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(os.environ["UP_TEST_DIR"])
NAME = sys.argv[1]


def note(what: str) -> None:
    with (FOLDER / "events").open("a") as events:
        events.write(f"{what} {NAME} {os.getpid()}\n")


def stop(*_: object) -> None:
    if (FOLDER / f"{NAME}-hangs").exists():
        return
    note("stop")
    raise SystemExit(0)


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        lag = FOLDER / "lag"
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        status = {
            "lag": {"inputs": {"prices": int(lag.read_text()) if lag.exists() else 0}},
            "fresh_as_of": {"products": now, "prices": now},
            "dead_letters": {"prices": 2},
        }
        body = json.dumps(status).encode()
        note(f"GET{self.path}") if self.path == "/status" else None
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


signal.signal(signal.SIGTERM, stop)
if (FOLDER / f"{NAME}-misconfigured").exists():
    print("freshline: there is no model of that name: choose another", file=sys.stderr)
    raise SystemExit(78)
note("start")
if (FOLDER / f"{NAME}-fails").exists():
    print("the item log cannot be read", file=sys.stderr)
    raise SystemExit(1)
if NAME == "items":
    while True:
        signal.pause()
address = ("127.0.0.1", int(os.environ["FRESHLINE_API_PORT"]))
http.server.ThreadingHTTPServer(address, Api).serve_forever()
