"""The compose file starts servers that fit the libraries that are pinned."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def minor_version(pattern: str, file: str) -> tuple[int, int]:
    found = re.search(pattern, (ROOT / file).read_text())
    assert found is not None
    return int(found[1]), int(found[2])


def test_the_qdrant_server_is_of_the_release_of_its_client() -> None:
    """The client warns at every start from two minor versions on; from one on, features are refused or ignored."""
    client = minor_version(r"qdrant-client==(\d+)\.(\d+)", "deploy/constraints.txt")
    server = minor_version(r"qdrant/qdrant:v(\d+)\.(\d+)", "docker-compose.yml")
    assert client == server
