"""A model as torch runs it: its tokens and its forward passes, whether sentence-transformers loaded it or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np

from schemas.errors import EmbeddingFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import torch

    from workers.embedder.interface import ModelId, Vectors

    Forward = Callable[["Features"], torch.Tensor]

Features = dict[str, Any]
Task = Literal["query", "document"]
TASKS: tuple[Task, ...] = ("query", "document")


class TextTokeniser(Protocol):
    """The tokeniser of a model, with its prompts."""

    def features(self, texts: Sequence[str], task: Task) -> Features:
        """Tokenise texts. Several threads may call it. Raises EmbeddingFailed."""

    def reads(self, features: Features) -> bool:
        """Return whether the model reads the tokens of a query; True where it has no tokens."""


class TorchModel(NamedTuple):
    """Everything that an embedder asks of a model."""

    id: ModelId
    precision: str
    """The number format that it computes in."""
    tokens_per_second: float
    """Padded tokens of documents that one thread computes a second, as measured when it was loaded first."""
    cosine_min: float
    """The cosine below which a query and a text have nothing in common."""
    tokeniser: TextTokeniser
    passes: Mapping[Task, Forward]
    """The forward pass of each task, from features to float32 `(texts, dimension)` on the CPU."""


def unit_rows(passed: torch.Tensor) -> Vectors:
    """Return the rows, L2-normalised. Raises EmbeddingFailed if one is not finite or has no direction."""
    rows = passed.numpy()
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(norms) & (norms > 0)).all():
        raise EmbeddingFailed("The model gave a vector that is not finite, or has no direction.")
    normalised: Vectors = rows / norms
    return normalised
