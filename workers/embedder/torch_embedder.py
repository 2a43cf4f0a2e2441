"""The embedder of a model that torch runs in this process, in short batches that give way to queries."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from typing_extensions import override

from schemas.errors import EmbeddingFailed
from workers.embedder.batches import batches
from workers.embedder.interface import Embedder, ModelId
from workers.embedder.torch_model import unit_rows
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workers.embedder.interface import Vectors
    from workers.embedder.torch_model import Features, Task, TorchModel

os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
os.environ.setdefault("LRU_CACHE_CAPACITY", "16")
"""Bounds of the caches of oneDNN and of torch in front of it. By default each remembers 1,024 shapes of batches: that
takes hundreds of megabytes, and hardly any of them comes again; the layers of one pass need about ten."""

SLICE_SECONDS = 0.02
"""The time that a batch of documents should take. A query on a sibling core takes twice as long while a batch runs.

Longer batches gain nothing. With 16 texts at a time one core embedded 122-125 texts a second in batches of 0.012 and
0.025 s, and 97 in batches of 0.1 s, because more of a long batch is padding.
"""
TOKENS_MIN, TOKENS_MAX = 128, 16_384
"""Bounds of a batch: fewer tokens would be mostly overhead, more would take memory without being faster."""
RATE_WEIGHT = 0.1
"""Weight of the newest batch in the running estimate of tokens per second."""
FEW_TEXTS_MAX = 4
"""The texts of a call that are no backlog: one thread embeds them, and leaves the other cores to the queries."""
WINDOW_CHARACTERS = 20_000
"""The characters that are tokenised at once, in about 6 ms: a query may have to wait for that long."""


class _Shared:
    """Batches that several threads take, one after the other."""

    def __init__(self, cut: Iterator[list[int]]) -> None:
        self._cut = cut
        self._lock = threading.Lock()

    def next_batch(self, wait_until_open: Callable[[], None]) -> list[int] | None:
        """Return the next batch once the gate is open; None after the last. One thread waits at the gate for all."""
        with self._lock:
            batch = next(self._cut, None)
            if batch is not None:
                wait_until_open()
            return batch


class TorchEmbedder(Embedder):
    """One model. Its passes may run in parallel."""

    def __init__(self, model: TorchModel, *, gate: QueryGate | None = None, threads: int = 1) -> None:
        """`gate`: the queries to which batches of documents give way; None where nobody asks any.
        `threads`: how many batches of documents are embedded at a time where there are more than a few texts."""
        self._torch_model = model
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="embed-documents")
        self._passes = model.passes
        self._gate = gate or QueryGate()
        self._bucket = self._gate.token_bucket()
        self.tokens_per_second = model.tokens_per_second
        """Padded tokens of documents a second: a running estimate."""

    @property
    @override
    def model(self) -> ModelId:
        return self._torch_model.id

    @property
    def precision(self) -> str:
        """The number format that the model computes in."""
        return self._torch_model.precision

    @property
    @override
    def cosine_min(self) -> float:
        return self._torch_model.cosine_min

    @override
    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        threads = self._threads if len(texts) > FEW_TEXTS_MAX else 1
        rows = np.empty((len(texts), self.model.dimension), dtype=np.float32)
        for window in batches([len(text) for text in texts], lambda: WINDOW_CHARACTERS):
            features = self._torch_model.tokeniser.features([texts[index] for index in window], "document")
            cut = _Shared(self._cut(features, len(window)))
            work = partial(self._embed_batches, cut, features, window, rows)
            working = [self._pool.submit(work) for _ in range(threads)]
            wait(working)  # All of them, also if one fails: the gate takes no question after the answer.
            for each in working:
                each.result()
        return rows

    @override
    def embed_query(self, text: str) -> Vectors:
        features = self._torch_model.tokeniser.features([text], "query")
        if not self._torch_model.tokeniser.reads(features):
            raise EmbeddingFailed(
                f"The model cannot read {text!r}: its vector would be that of any text it cannot read."
            )
        row: Vectors = self._embed(features, "query")[0]
        return row

    def _embed_batches(self, cut: _Shared, features: Features, window: list[int], rows: Vectors) -> None:
        """Embed batches into their rows until none is left; other threads take the batches between."""
        while (batch := cut.next_batch(lambda: self._gate.wait_until_open_in_thread(self._bucket))) is not None:
            rows[[window[index] for index in batch]] = self._embed_batch(_select(features, batch))

    def _embed_batch(self, features: Features) -> Vectors:
        started = time.perf_counter()
        rows = self._embed(features, "document")
        if (mask := features.get("attention_mask")) is not None:
            rate = mask.numel() / (time.perf_counter() - started)
            self.tokens_per_second += RATE_WEIGHT * (rate - self.tokens_per_second)
        return rows

    def _embed(self, features: Features, task: Task) -> Vectors:
        try:
            passed = self._passes[task](features)
        except Exception as error:
            raise EmbeddingFailed(f"The model raised {error!r}") from error
        return unit_rows(passed)

    def _cut(self, features: Features, texts: int) -> Iterator[list[int]]:
        """Cut into batches whose padded tokens take one slice of time; without tokens all texts are one batch."""
        if not _sliceable(features):
            return iter([list(range(texts))])
        return batches(features["attention_mask"].sum(dim=1).tolist(), self._budget)

    def _budget(self) -> int:
        return min(TOKENS_MAX, max(TOKENS_MIN, int(self.tokens_per_second * SLICE_SECONDS)))


def _sliceable(features: Features) -> bool:
    mask = features.get("attention_mask")
    tensors = [value for value in features.values() if isinstance(value, torch.Tensor)]
    return mask is not None and all(tensor.shape == mask.shape for tensor in tensors)


def _select(features: Features, batch: list[int]) -> Features:
    """Return the rows of `batch`, without the columns that are padding in all of them."""
    if not _sliceable(features):
        return features
    columns = features["attention_mask"][batch].any(dim=0)

    def rows(value: Any) -> Any:
        return value[batch][:, columns] if isinstance(value, torch.Tensor) else value

    return {key: rows(value) for key, value in features.items()}
