"""What every embedder offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    EmbedQuery = Callable[[str, Callable[[], object]], Awaitable[Vectors]]
    """A query's vector, off the event loop. It calls its second argument on the loop when the forward pass is about
    to begin, beside which the interpreter is free; never, if the vector is known. Raises EmbeddingFailed."""


def nobody() -> None:
    """Hears that a query has begun."""


class ModelId(NamedTuple):
    """Which vectors may meet in one search: same name, same revision."""

    name: str
    revision: str
    dimension: int


class Embedder(Protocol):
    """Turns texts into vectors. Calls block and may come from several threads."""

    @property
    def model(self) -> ModelId:
        """The model whose vectors these are."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """float32 `(len(texts), dimension)`, rows L2-normalised, in the order of `texts`.

        Raises EmbeddingFailed if any row is not finite or the model raised; the caller then tries one by one.
        """

    def embed_query(self, text: str, begun: Callable[[], object] = nobody) -> Vectors:
        """float32 `(dimension,)`, L2-normalised. Does not wait for documents. Raises EmbeddingFailed.

        `begun` is called once, from this thread, when the forward pass is about to begin.
        """
