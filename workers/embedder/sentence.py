"""Any sentence-transformers model as an embedder. Importing this imports torch (seconds): do it in a thread."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import batch_to_device
from typing_extensions import override

from schemas.errors import EmbeddingFailed, Misconfigured
from workers.embedder.batches import batches
from workers.embedder.interface import Embedder, ModelId
from workers.embedder.model_files import locate, revision
from workers.embedder.precision import Features, fastest
from workers.embedder.readability import UNRELATED, is_readable, related_cosine_min
from workers.embedder.tracing import forward_pass
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workers.embedder.interface import Vectors

os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
os.environ.setdefault("LRU_CACHE_CAPACITY", "16")
"""Bounds of the caches of oneDNN and of torch in front of it. By default each remembers 1,024 shapes of batches: that
takes hundreds of megabytes, and hardly any of them comes again; the layers of one pass need about ten."""

SLICE_SECONDS = 0.02
"""How long a batch of documents should take. A query on a sibling core takes twice as long while a batch runs.

Longer batches gain nothing. With 16 texts at a time one core embedded 122-125 texts a second in batches of 0.012 and
0.025 s, and 97 in batches of 0.1 s, because more of a long batch is padding.
"""
TOKENS_MIN, TOKENS_MAX = 128, 16_384
"""Bounds of a batch: fewer tokens would be mostly overhead, more would take memory without being faster."""
RATE_WEIGHT = 0.1
"""Weight of the newest batch in the running estimate of tokens per second."""
WINDOW_CHARACTERS = 20_000
"""The characters that are tokenised at once, in about 6 ms: a query may have to wait for that long."""
CHARACTERS_PER_TOKEN_MAX = 32
"""A text that is longer than the model's window times this is cut before it is tokenised."""

Task = Literal["query", "document"]
_TASKS: tuple[Task, ...] = ("query", "document")
_PROMPTS = {"query": ("query",), "document": ("document", "passage", "corpus")}
"""By task: the names under which sentence-transformers looks for the prompt that the model was trained with."""
_SAMPLE = [
    "Xerox 006R90321 toner cartridge Original Black 6 pc(s). Toner for CopyCentre C65 Digital Copier",
    "HP Pavilion dv7 Notebook Silver 17 inch, Intel Core 2 Duo, 4 GB DDR2-SDRAM, 250 GB HDD, Windows Vista",
    "Garden Marbo Cake - Walnut 78g. Bakery / Cereals / Spreads, Cakes, Sponge cakes. 2 for $14.00",
    "嘉頓 孖寶蛋糕 - 合桃 78克。麵包蛋糕 / 穀類早餐 / 麵包醬，蛋糕，海綿蛋糕",
    "Logitech wireless mouse M185, grey, 2.4 GHz, nano receiver, for Windows, macOS and Linux, 12 months battery",
    "Women's knitted cardigan, long sleeve, V-neck, merino wool, navy blue, sizes S to XL, machine washable",
    "Samsung Galaxy Tab A8 10.5 inch tablet, 64 GB, Wi-Fi, dark grey, with charger, headphones and book cover",
    "Stainless steel water bottle 750 ml, double wall, keeps drinks cold for 24 hours and hot for 12 hours",
]


class SentenceEmbedder(Embedder):
    """One model. Its passes may run in parallel. Its tokeniser may not, since it holds the settings of a call."""

    def __init__(self, model: str | None = None, *, threads: int = 1, gate: QueryGate | None = None) -> None:
        """`model`: name or folder, None for the installed one. `threads`: torch's number for the whole process.

        `gate`: the queries to which batches of documents give way; None where nobody asks any. Raises Misconfigured if
        there is no such model. Takes some seconds.
        """
        torch.set_num_threads(threads)
        name, folder = locate(model)
        self._model = _load(name, folder)
        self._tokenising = threading.Lock()
        self._gate = gate or QueryGate()
        self._bucket = self._gate.token_bucket()
        choice = fastest(self._model, self._there(self._features(_SAMPLE, "document")))
        self._model = choice.model
        self.precision = choice.precision
        """The number format that the model computes in."""
        self.tokens_per_second = self._tokens(_SAMPLE) / choice.seconds
        """Padded tokens of documents a second: measured at the start, then a running estimate."""
        self._passes = {task: forward_pass(self._model, self._samples(task), task) for task in _TASKS}
        sample = self._embed(self._features(_SAMPLE, "document"), "document")
        self._model_id = ModelId(name, revision(folder), sample.shape[1])
        self._cosine_min = related_cosine_min(self._embed(self._features(UNRELATED, "query"), "query") @ sample.T)

    @property
    @override
    def model(self) -> ModelId:
        return self._model_id

    @property
    @override
    def cosine_min(self) -> float:
        return self._cosine_min

    @override
    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        rows = np.empty((len(texts), self.model.dimension), dtype=np.float32)
        for window in batches([len(text) for text in texts], lambda: WINDOW_CHARACTERS):
            features = self._features([texts[index] for index in window], "document")
            for batch in self._cut(features, len(window)):
                self._gate.wait_until_open_in_thread(self._bucket)
                rows[[window[index] for index in batch]] = self._embed_batch(_select(features, batch))
        return rows

    @override
    def tokenise_query(self, text: str) -> Features:
        features = self._features([text], "query")
        if not is_readable(features, getattr(self._model, "tokenizer", None)):
            raise EmbeddingFailed(
                f"The model cannot read {text!r}: its vector would be that of any text it cannot read."
            )
        return features

    @override
    def embed_tokens(self, tokens: Features) -> Vectors:
        row: Vectors = self._embed(tokens, "query")[0]
        return row

    def _features(self, texts: Sequence[str], task: Task) -> Features:
        window = self._model.max_seq_length
        cut = [text[: window * CHARACTERS_PER_TOKEN_MAX] for text in texts] if window else list(texts)
        try:
            with self._tokenising:
                features: Features = self._model.preprocess(cut, prompt=self._prompt(task), task=task)
        except Exception as error:
            raise EmbeddingFailed(f"{len(texts)} texts cannot be tokenised: {error!r}") from error
        return features

    def _samples(self, task: Task) -> list[Features]:
        """Return several texts of several lengths, a short one and a long one, each tokenised for this task."""
        return [self._there(self._features(t, task)) for t in (_SAMPLE[:3], ["cake"], [" ".join(_SAMPLE)])]

    def _there(self, features: Features) -> Features:
        """Return the features on the device of the model, which torch chooses: a GPU, if there is one."""
        on_device: Features = batch_to_device(dict(features), self._model.device)
        return on_device

    def _embed_batch(self, features: Features) -> Vectors:
        started = time.perf_counter()
        rows = self._embed(features, "document")
        if (mask := features.get("attention_mask")) is not None:
            rate = mask.numel() / (time.perf_counter() - started)
            self.tokens_per_second += RATE_WEIGHT * (rate - self.tokens_per_second)
        return rows

    def _embed(self, features: Features, task: Task) -> Vectors:
        try:
            rows = self._passes[task](self._there(features)).numpy()
        except Exception as error:
            raise EmbeddingFailed(f"The model raised {error!r}") from error
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        if not (np.isfinite(norms) & (norms > 0)).all():
            raise EmbeddingFailed("The model gave a vector that is not finite, or has no direction.")
        normalised: Vectors = rows / norms
        return normalised

    def _cut(self, features: Features, texts: int) -> Iterator[list[int]]:
        """Cut into batches whose padded tokens take one slice of time; without tokens all texts are one batch."""
        if not _sliceable(features):
            return iter([list(range(texts))])
        return batches(features["attention_mask"].sum(dim=1).tolist(), self._budget)

    def _budget(self) -> int:
        return min(TOKENS_MAX, max(TOKENS_MIN, int(self.tokens_per_second * SLICE_SECONDS)))

    def _tokens(self, texts: Sequence[str]) -> int:
        mask = self._features(texts, "document").get("attention_mask")
        return sum(len(text) for text in texts) // 4 if mask is None else mask.numel()

    def _prompt(self, task: Task) -> str | None:
        prompts: dict[str, str | None] = self._model.prompts
        names = [*_PROMPTS[task], self._model.default_prompt_name]
        return next((prompts[name] for name in names if name in prompts), None)


def _load(name: str, folder: Path) -> SentenceTransformer:
    try:
        return SentenceTransformer(str(folder), local_files_only=True).eval()
    except Exception as error:  # Every fault of the files has to be repaired by a person.
        reason = (str(error).splitlines() or [""])[0]
        raise Misconfigured(
            f"The model {name!r} in {folder} cannot be loaded ({type(error).__name__}: {reason}). "
            "FRESHLINE_MODEL, or --model of a rebuild, takes the name or folder of a complete one."
        ) from error


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
