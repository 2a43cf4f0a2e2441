"""`freshline up` with stand-ins for its workers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from schemas.errors import FreshlineError
from stream.runtime.settings import Settings
from stream.up import embedded_log, process
from stream.up.brokers.embedded import FETCH_SECONDS_MAX, MEMORY_BYTES_MAX, EmbeddedBroker
from stream.up.supervisor import run

WORKER = str(Path(__file__).with_name("up_worker.py"))

process.STAYS_UP_S = float(os.environ.get("UP_TEST_STAYS_UP_S", process.STAYS_UP_S))
EmbeddedBroker.memory_bytes_max = int(os.environ.get("UP_TEST_MEMORY_BYTES_MAX", MEMORY_BYTES_MAX))
EmbeddedBroker.fetch_seconds_max = float(os.environ.get("UP_TEST_FETCH_SECONDS_MAX", FETCH_SECONDS_MAX))
embedded_log.FETCH_WATCH_S = 1.0
try:
    code = run(Settings(), True, {name: (sys.executable, WORKER, name) for name in ("items", "index")})
except FreshlineError as error:
    print(f"freshline: {error}", file=sys.stderr)
    code = 1
raise SystemExit(code)
