"""The interface of every embedder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Kind = Literal["model", "fake"]
    Vectors = NDArray[np.float32]


class ModelId(NamedTuple):
    """Identifies a model. Only vectors of the same name and revision may meet in one search."""

    name: str
    revision: str
    dimension: int


class Spent(NamedTuple):
    """The documents that an embedder has embedded, and the processor time of all its threads for them."""

    texts: int = 0
    processor_s: float = 0.0


class Embedder(Protocol):
    """Turns texts into vectors. Calls block and may come from several threads."""

    @property
    def model(self) -> ModelId:
        """The model that computes the vectors."""

    @property
    def cosine_min(self) -> float:
        """The cosine below which a query and a text have nothing in common."""

    @property
    def spent(self) -> Spent:
        """The documents since its process started, and their processor time; zeros where that is not measured."""
        return Spent()

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dimension)`, rows L2-normalised, in the order of `texts`.

        Raises EmbeddingFailed if any row is not finite or the model raised; the caller then tries one by one.
        """

    def embed_query(self, text: str) -> Vectors:
        """Return float32 `(dimension,)`, L2-normalised. It does not wait for documents.

        Raises EmbeddingFailed, also if the model cannot read the query's script.
        """

    def ask_query(self, text: str) -> asyncio.Future[Vectors] | None:
        """Begin `embed_query` on the running event loop, without a thread; None if it takes a thread."""
        return None

    def close(self) -> None:
        """Release all resources of the embedder. Idempotent."""
        return
