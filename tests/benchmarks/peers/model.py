"""The model of the peers: `encode` of sentence-transformers, in the dtype that Freshline has chosen on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SentenceTransformer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Model:
    """A model that embeds texts."""

    def __init__(self, directory: str, dtype: str, threads: int) -> None:
        torch.set_num_threads(threads)
        kwargs = {"torch_dtype": getattr(torch, dtype)}
        self._model = SentenceTransformer(directory, device="cpu", model_kwargs=kwargs)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 `(len(texts), dimension)`."""
        return self._model.encode(list(texts), normalize_embeddings=True, convert_to_numpy=True).astype("float32")


def text_of(product: dict[str, Any]) -> str:
    """Return the text of a product that is embedded: the fields and words that Freshline embeds, in its order.

    Title and description alone are 39 tokens on average, and all of them 87: a text of these takes twice as long.
    """
    attributes = ", ".join(value for value in product.get("attributes", {}).values() if isinstance(value, str))
    parts = (
        _plain(product.get("title", "")),
        product.get("brand"),
        " > ".join(product.get("category", ())),
        _plain(product.get("description", "")),
        attributes,
    )
    return "\n".join(filter(None, parts))


def _plain(text: str | dict[str, str]) -> str:
    return text if isinstance(text, str) else " ".join(text[language] for language in sorted(text))
