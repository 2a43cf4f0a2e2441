"""Deterministic vectors without a model, for tests: texts that share words and characters are near."""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from schemas.errors import EmbeddingFailed
from workers.embedder.interface import Embedder, ModelId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.embedder.interface import Vectors

DIMENSION = 384
CHARACTERS_MAX = 4_000
"""The rest of a longer text is ignored, as a model ignores the text beyond its window."""
WORD_WEIGHT = 1.0
NGRAM_WEIGHT = 0.4
_WORD = re.compile(r"\w+")


class FakeEmbedder(Embedder):
    """Feature hashing (Weinberger et al., 2009) of words and their character pairs and triples, signed, normalised."""

    def __init__(self, failing: str | None = None, *, name: str = "fake") -> None:
        """A text that contains `failing` cannot be embedded. Each name is a model with vectors of its own."""
        self._failing = failing
        self._name = name
        self.documents_embedded = 0

    @property
    @override
    def model(self) -> ModelId:
        return ModelId(self._name, "1", DIMENSION)

    @property
    @override
    def cosine_min(self) -> float:
        return -1.0

    @override
    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:] = self.embed_query(text)
        self.documents_embedded += len(texts)
        return rows

    @override
    def embed_query(self, text: str) -> Vectors:
        if self._failing is not None and self._failing in text:
            raise EmbeddingFailed(f"The fake embedder is set to fail on {self._failing!r}.")
        vector = np.zeros(DIMENSION, dtype=np.float32)
        vector[0] = 0.01  # Without this, a text without words would have no direction.
        for feature, weight in _features(text):
            hashed = zlib.crc32(f"{self._name} {feature}".encode())
            vector[hashed % DIMENSION] += weight if hashed & 0x8000_0000 else -weight
        return vector / np.float32(np.linalg.norm(vector))


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in _WORD.findall(unicodedata.normalize("NFKC", text[:CHARACTERS_MAX]).casefold()):
        yield word, WORD_WEIGHT
        for size in (2, 3):
            for start in range(len(word) - size + 1):
                yield f"{size}{word[start : start + size]}", NGRAM_WEIGHT
