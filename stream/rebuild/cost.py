"""The cost of a rebuild, estimated before it is begun."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from workers.document import TEMPLATE_VERSION, document
from workers.point.payload import is_visible
from workers.words.item import ANALYSIS_VERSION

if TYPE_CHECKING:
    from stream.runtime.jobs import Step
    from workers.clock import Clock
    from workers.embedder.interface import Embedder, ModelId
    from workers.index.interface import Index

SAMPLE_TEXTS = 64
"""The texts that are embedded to measure how long one takes."""


async def cost(step: Step, serving: Index, model: ModelId, embedder: Embedder, clock: Clock) -> dict[str, Any]:
    """Return the differences of model and template, and how many vectors are reused or computed. Raises Unavailable."""
    step.phase_begins("comparing", await serving.count_points())
    reused, to_embed, texts = 0, 0, list[str]()
    async for page in serving.scan():
        for payload in filter(is_visible, page):
            wanted = document(payload, model)
            if wanted.fingerprint == payload["vector_fingerprint"]:
                reused += 1
            else:
                to_embed += 1
                texts += [wanted.text] if len(texts) < SAMPLE_TEXTS else []
        step.advance(len(page))
    seconds = await asyncio.to_thread(_seconds_per_text, embedder, texts, clock) if texts else 0.0
    return {
        "dry_run": True,
        "collection": serving.collection,
        "model": {"now": serving.model._asdict(), "then": model._asdict()},
        "template": {"now": serving.metadata.template_version, "then": TEMPLATE_VERSION},
        "analysis": {"now": serving.metadata.analysis_version, "then": ANALYSIS_VERSION},
        "items": step.done,
        "vectors_reused": reused,
        "vectors_to_embed": to_embed,
        "embedding_seconds": round(seconds * to_embed, 1),
    }


def _seconds_per_text(embedder: Embedder, texts: list[str], clock: Clock) -> float:
    began_s = clock.monotonic_s()
    embedder.embed_documents(texts)
    return (clock.monotonic_s() - began_s) / len(texts)
