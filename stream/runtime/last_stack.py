"""The file in which the commands find the last `up` on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import orjson

from stream.runtime.atomic_files import write_json


class LastStack(NamedTuple):
    """The addresses of a stack."""

    kafka: str
    """The bootstrap servers, "host:port"."""
    api: str
    """The URL, "http://host:port"."""


def last_stack() -> LastStack | None:
    """Return the addresses that the last `up` recorded, whether it runs or not; None if there was no `up`."""
    try:
        recorded = orjson.loads(_path().read_bytes())
        return LastStack(str(recorded["kafka"]), str(recorded["api"]))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return None


def record_stack(stack: LastStack) -> None:
    """Make the commands on this machine talk to this stack from now on."""
    write_json(_path(), stack._asdict())


def state_dir() -> Path:
    """Return the directory of the files that the commands keep on this machine."""
    states = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(states) / "freshline"


def _path() -> Path:
    return state_dir() / "last-up.json"
