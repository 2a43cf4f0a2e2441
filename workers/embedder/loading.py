"""Makes the embedder that the settings name. Slow (torch is imported here and only here): call it in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from workers.embedder.interface import Embedder


def load_embedder(kind: Literal["model", "fake"], model: str | None, *, threads: int) -> Embedder:
    """`model`: name or folder, None for the installed one; Misconfigured if there is none. `threads`: of torch."""
    if kind == "fake":
        from workers.embedder.fake import FakeEmbedder

        return FakeEmbedder()
    from workers.embedder.sentence import SentenceEmbedder

    return SentenceEmbedder(model, threads=threads)
