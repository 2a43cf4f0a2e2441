"""An embedder that fails on some texts, and nowhere else: below Freshline's own code, where a model would fail."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

RAISES, HANGS, NAN = "quetzalraise", "quetzalhang", "quetzalnan"
"""Words of a text that do it."""
HANG_SECONDS = 10.0


def patch(folder: Path) -> None:
    """The fake one, or the model's forward pass."""
    from workers.embedder.fake import FakeEmbedder
    from workers.embedder.interface import EmbeddingFailed

    real = FakeEmbedder.embed_query

    def embed_query(self: Any, text: str) -> Any:
        if HANGS in text and not (folder / "hung").exists():
            (folder / "hung").write_text("")
            time.sleep(HANG_SECONDS)
        if RAISES in text:
            raise EmbeddingFailed(f"The model raised {RuntimeError(RAISES)!r}")
        vector = real(self, text)
        return np.full_like(vector, np.nan) if NAN in text else vector

    FakeEmbedder.embed_query = embed_query  # type: ignore[method-assign]
