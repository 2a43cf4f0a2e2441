"""Loads any sentence-transformers model. Importing this imports torch and transformers (seconds): do it in a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import batch_to_device
from typing_extensions import override

from schemas.errors import EmbeddingFailed, Misconfigured
from workers.embedder.interface import ModelId
from workers.embedder.model_files import locate, revision
from workers.embedder.precision import fastest
from workers.embedder.readability import UNRELATED, SpecialTokens, is_readable, related_cosine_min
from workers.embedder.torch_embedder import TorchEmbedder
from workers.embedder.torch_model import TASKS, TextTokeniser, TorchModel, unit_rows
from workers.embedder.tracing import forward_passes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.embedder.torch_model import Features, Task
    from workers.query_gate import QueryGate

CHARACTERS_PER_TOKEN_MAX = 32
"""A text that is longer than the model's window times this is cut before it is tokenised."""
_PROMPTS = {"query": ("query",), "document": ("document", "passage", "corpus")}
"""By task: the names under which sentence-transformers looks for the prompt that the model was trained with."""
SAMPLE = [
    "Xerox 006R90321 toner cartridge Original Black 6 pc(s). Toner for CopyCentre C65 Digital Copier",
    "HP Pavilion dv7 Notebook Silver 17 inch, Intel Core 2 Duo, 4 GB DDR2-SDRAM, 250 GB HDD, Windows Vista",
    "Garden Marbo Cake - Walnut 78g. Bakery / Cereals / Spreads, Cakes, Sponge cakes. 2 for $14.00",
    "嘉頓 孖寶蛋糕 - 合桃 78克。麵包蛋糕 / 穀類早餐 / 麵包醬，蛋糕，海綿蛋糕",
    "Logitech wireless mouse M185, grey, 2.4 GHz, nano receiver, for Windows, macOS and Linux, 12 months battery",
    "Women's knitted cardigan, long sleeve, V-neck, merino wool, navy blue, sizes S to XL, machine washable",
    "Samsung Galaxy Tab A8 10.5 inch tablet, 64 GB, Wi-Fi, dark grey, with charger, headphones and book cover",
    "Stainless steel water bottle 750 ml, double wall, keeps drinks cold for 24 hours and hot for 12 hours",
]
"""The texts that a model is measured with."""


class SentenceEmbedder(TorchEmbedder):
    """A model that sentence-transformers has loaded into this process."""

    def __init__(self, model: str | None = None, *, threads: int = 1, gate: QueryGate | None = None) -> None:
        """Arguments and errors are those of `load_sentence_model`; `gate` and `threads` are those of TorchEmbedder."""
        torch.set_num_threads(1)
        super().__init__(load_sentence_model(*locate(model)).model, gate=gate, threads=threads)


class SentenceModel(NamedTuple):
    """A model, and its tokeniser."""

    model: TorchModel
    tokeniser: Tokeniser


def load_sentence_model(name: str, folder: Path) -> SentenceModel:
    """Load the model in `folder`, and choose how it computes by measuring. Takes some seconds.

    Raises Misconfigured if it cannot be loaded.
    """
    loaded = _load(name, folder)
    tokeniser = Tokeniser(loaded)
    choice = fastest(loaded, tokeniser.features(SAMPLE, "document"))
    tokeniser.model = choice.model
    samples = {task: tokeniser.samples(task) for task in TASKS}
    passes = forward_passes(choice.model, samples)
    rows = unit_rows(passes["document"](tokeniser.features(SAMPLE, "document")))
    unrelated = unit_rows(passes["query"](tokeniser.features(UNRELATED, "query")))
    model = TorchModel(
        ModelId(name, revision(folder), rows.shape[1]),
        choice.precision,
        tokeniser.tokens(SAMPLE) / choice.seconds,
        related_cosine_min(unrelated @ rows.T),
        tokeniser,
        passes,
    )
    return SentenceModel(model, tokeniser)


class Tokeniser(TextTokeniser):
    """The tokeniser and the prompts of a model, whose tokens are on the device of the model."""

    def __init__(self, model: SentenceTransformer) -> None:
        """`model` may be replaced by one with the same tokeniser."""
        self.model = model
        self._tokenising = threading.Lock()  # A tokeniser holds the settings of a call.
        self._special = SpecialTokens.of(getattr(model, "tokenizer", None))

    @property
    def characters_max(self) -> int | None:
        """The characters of a text that are tokenised; None for all."""
        window: int | None = self.model.max_seq_length
        return window * CHARACTERS_PER_TOKEN_MAX if window else None

    @override
    def features(self, texts: Sequence[str], task: Task) -> Features:
        cut = [text[: self.characters_max] for text in texts]
        try:
            with self._tokenising:
                features: Features = self.model.preprocess(cut, prompt=self.prompt(task), task=task)
        except Exception as error:
            raise EmbeddingFailed(f"{len(texts)} texts cannot be tokenised: {error!r}") from error
        on_device: Features = batch_to_device(dict(features), self.model.device)
        return on_device

    def samples(self, task: Task) -> list[Features]:
        """Return several texts of several lengths, a short one and a long one, each tokenised for this task."""
        return [self.features(texts, task) for texts in (SAMPLE[:3], ["cake"], [" ".join(SAMPLE)])]

    def prompt(self, task: Task) -> str | None:
        """Return the prompt that the model expects before a text of this task."""
        prompts: dict[str, str | None] = self.model.prompts
        names = [*_PROMPTS[task], self.model.default_prompt_name]
        return next((prompts[name] for name in names if name in prompts), None)

    @override
    def reads(self, features: Features) -> bool:
        if self._special is None or "input_ids" not in features:
            return True
        tokens = self.model.tokenizer.convert_ids_to_tokens(features["input_ids"][0].tolist())
        return is_readable(tokens, self._special)

    def tokens(self, texts: Sequence[str]) -> int:
        """Return the number of padded tokens."""
        mask = self.features(texts, "document").get("attention_mask")
        return sum(len(text) for text in texts) // 4 if mask is None else mask.numel()


def _load(name: str, folder: Path) -> SentenceTransformer:
    try:
        return SentenceTransformer(str(folder), local_files_only=True).eval()
    except Exception as error:  # Every fault of the files has to be repaired by a person.
        reason = (str(error).splitlines() or [""])[0]
        raise Misconfigured(
            f"The model {name!r} in {folder} cannot be loaded ({type(error).__name__}: {reason}). "
            "FRESHLINE_MODEL, or --model of a rebuild, takes the name or folder of a complete one."
        ) from error
