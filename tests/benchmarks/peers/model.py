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
    """Return the text of a product that is embedded: its title and description."""
    return "\n".join(_plain(product[name]) for name in ("title", "description") if product.get(name))


def _plain(text: str | dict[str, str]) -> str:
    return text if isinstance(text, str) else " ".join(text[language] for language in sorted(text))
