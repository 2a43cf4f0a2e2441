"""`freshline up` with substitutes for its workers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from schemas.errors import FreshlineError
from stream.runtime.settings import Settings
from stream.up.bounds import UpBounds
from stream.up.supervisor import run

WORKER = str(Path(__file__).with_name("up_worker.py"))
DEFAULTS = UpBounds()
BOUNDS = UpBounds(
    stays_up_s=float(os.environ.get("UP_TEST_STAYS_UP_S", DEFAULTS.stays_up_s)),
    renewal_probe_interval_s=1.0,
    memory_bytes_max=int(os.environ.get("UP_TEST_MEMORY_BYTES_MAX", DEFAULTS.memory_bytes_max)),
    fetch_seconds_max=float(os.environ.get("UP_TEST_FETCH_SECONDS_MAX", DEFAULTS.fetch_seconds_max)),
)

try:
    code = run(Settings(), True, {name: (sys.executable, WORKER, name) for name in ("items", "index")}, BOUNDS)
except FreshlineError as error:
    print(f"freshline: {error}", file=sys.stderr)
    code = 1
raise SystemExit(code)
