"""Installs the libraries of the peers into an environment: all at once, or, where that fails, each for itself.

python -m tests.benchmarks.peers.install PYTHON ERRORS writes to ERRORS, as JSON, why a library is not there.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import orjson

from tests.benchmarks.peers.contestants import COCOINDEX_DIRECTORY

COCOINDEX_CLIENT = "confluent-kafka>=2.13"
"""The first with `confluent_kafka.aio`; Quix Streams 3.28 takes none that is as new."""
PYPROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"


def main() -> None:
    """Install what the extra `peers` names into the environment of the interpreter that is the first argument."""
    python, errors = sys.argv[1], Path(sys.argv[2])
    wanted = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]["peers"]
    failed = {}
    if _error(python, *wanted) is not None:
        failed = {each: error for each in wanted if (error := _error(python, each)) is not None}
    target = ("--no-deps", "--target", str(errors.with_name(COCOINDEX_DIRECTORY)))
    if (error := _error(python, *target, COCOINDEX_CLIENT)) is not None:
        failed["cocoindex"] = error
    errors.write_bytes(orjson.dumps(failed, option=orjson.OPT_INDENT_2))


def _error(python: str, *requirements: str) -> str | None:
    """Install these; return the last line of what pip says where it cannot."""
    argv = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *requirements]
    done = subprocess.run(argv, stderr=subprocess.PIPE, text=True, check=False)
    return (done.stderr.strip().splitlines() or ["pip failed"])[-1] if done.returncode else None


if __name__ == "__main__":
    main()
