"""The interface of every embedder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
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


class Embedder(Protocol):
    """Turns texts into vectors. Calls block and may come from several threads."""

    @property
    def model(self) -> ModelId:
        """The model that computes the vectors."""

    @property
    def cosine_min(self) -> float:
        """The cosine below which a query and a text have nothing in common."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dimension)`, rows L2-normalised, in the order of `texts`.

        Raises EmbeddingFailed if any row is not finite or the model raised; the caller then tries one by one.
        """

    def tokenise_query(self, text: str) -> Any:
        """Return the query's tokens, which only `embed_tokens` reads. Holds the interpreter lock throughout.

        Raises EmbeddingFailed, also if the model cannot read the query's script.
        """

    def embed_tokens(self, tokens: Any) -> Vectors:
        """Run the forward pass of a query. Other threads can use the interpreter meanwhile.

        Returns float32 `(dimension,)`, L2-normalised. Does not wait for documents. Raises EmbeddingFailed.
        """

    def embed_query(self, text: str) -> Vectors:
        """Return float32 `(dimension,)`, L2-normalised, by both steps in one call. Raises EmbeddingFailed."""
        return self.embed_tokens(self.tokenise_query(text))

    def close(self) -> None:
        """Release what the embedder holds. Idempotent."""
        return
