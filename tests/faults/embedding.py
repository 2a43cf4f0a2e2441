"""A model that fails on some texts and on no others. It fails below Freshline's own code, where a real model would."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.scenario import Run
    from tests.faults.stack import Stack

RAISES, HANGS, NAN = "quetzalraise", "quetzalhang", "quetzalnan"
"""The words in a text that make the model fail."""
HANG_SECONDS = 10.0


def patch(folder: Path) -> None:
    """Replace the forward pass of the model, in the index worker's process."""
    from workers.embedder import sentence
    from workers.embedder.tracing import forward_pass as real

    def forward_pass(model: Any, samples: Any, task: Any) -> Any:
        usual = real(model, samples, task)
        return lambda features: _failing(folder, model, features, usual)

    sentence.forward_pass = forward_pass  # type: ignore[attr-defined]


def _failing(folder: Path, model: Any, features: Any, usual: Any) -> Any:
    said = [model.tokenizer.decode(ids).replace(" ", "") for ids in features["input_ids"]]
    if any(RAISES in text for text in said):
        raise RuntimeError("the model does not like this text")
    if any(HANGS in text for text in said) and not (folder / "hung").exists():
        (folder / "hung").write_text("")
        time.sleep(HANG_SECONDS)
    rows = usual(features)
    for row, text in zip(rows, said, strict=True):
        if NAN in text:
            row[:] = np.nan
    return rows


def texts_that_fail(run: Run[Stack]) -> None:
    """Send four texts: one makes the model raise, one makes it hang once, one gives NaN, one is embedded."""
    run.feed.send_all(run.source.product(f"Q-{word}", f"Feather lamp {word}") for word in (RAISES, HANGS, NAN, "plain"))


def each_as_it_should(run: Run[Stack]) -> list[str]:
    """Check that each text is given up with a reason and found by its words, or embedded at last."""
    found = []
    for word, fails in ((RAISES, True), (NAN, True), (HANGS, False), ("plain", False)):
        item = run.stack.indexed(f"Q-{word}")
        if bool(item["vector_failed"]) != fails or item["vector_is_current"] == fails:
            found.append(f"Q-{word}: vector_failed {item['vector_failed']!r}, current {item['vector_is_current']}")
        hits = run.stack.get("/search", q=f"feather lamp {word}", limit=5)["hits"]
        if f"Q-{word}" not in [hit["product_id"] for hit in hits]:
            found.append(f"Q-{word} is not found by its words")
    if not (run.stack.folder / "hung").exists():
        found.append("the model never hung")
    return found
