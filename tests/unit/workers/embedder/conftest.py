"""A model of a few kilobytes for the tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.tiny_model import save_tiny_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models"))
