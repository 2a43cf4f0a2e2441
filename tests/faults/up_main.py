"""`freshline up` with the workers of worker.py: the real ones, except for the orders of a test."""

from __future__ import annotations

import sys
from pathlib import Path

from schemas.errors import FreshlineError
from stream.runtime.settings import Settings
from stream.up.supervisor import run

WORKER = str(Path(__file__).with_name("worker.py"))

try:
    code = run(Settings(), True, {name: (sys.executable, WORKER, name) for name in ("items", "index")})
except FreshlineError as error:
    print(f"freshline: {error}", file=sys.stderr)
    code = 1
raise SystemExit(code)
