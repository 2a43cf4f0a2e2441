"""Makes the embedder that the settings name. Slow (torch is imported here and only here): call it in a thread."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Literal

from workers.embedder.interface import ModelId
from workers.embedder.model_files import dimension, locate, revision

if TYPE_CHECKING:
    from workers.embedder.interface import Embedder
    from workers.priority import QueryGate


def describe(kind: Literal["model", "fake"], model: str | None) -> ModelId | None:
    """Which model `load_embedder` would load, told by its files in a moment; None if only loading it can tell.

    An index that is there can so be opened, and serve by words, while the model loads.
    """
    if kind == "fake":
        return load_embedder(kind, model, threads=1).model
    name, folder = locate(model)
    size = dimension(folder)
    return None if size is None else ModelId(name, revision(folder), size)


def load_embedder(
    kind: Literal["model", "fake"], model: str | None, *, threads: int, gate: QueryGate | None = None
) -> Embedder:
    """`model`: name or folder, None for the installed one; Misconfigured if there is none. `threads`: of torch."""
    if kind == "fake":
        from workers.embedder.fake import FakeEmbedder

        return FakeEmbedder(name=model or "fake")
    from workers.embedder.sentence import SentenceEmbedder

    # What that imported stays: who looks for garbage among what loading leaves needs 0.4 s for all of it.
    gc.freeze()
    return SentenceEmbedder(model, threads=threads, gate=gate)
