"""A model of a few kilobytes for the tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.lazily import Lazily
from tests.support.tiny_model import save_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

    from workers.embedder import sentence
else:
    sentence = Lazily("workers.embedder.sentence")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def loaded(tiny: Path) -> sentence.SentenceModel:
    """The tiny model as sentence-transformers has loaded it. Loading takes a second: leave it as it is."""
    return sentence.load_sentence_model(tiny.name, tiny)
