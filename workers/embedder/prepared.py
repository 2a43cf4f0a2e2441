"""A prepared model: its traced pass and its tokeniser in one file, which torch and tokenizers alone can run.

Loading it takes a second instead of many, and 200 MB less memory: transformers and sentence-transformers are not
imported. `workers.embedder.prepare` makes it, once for each model on a machine (deploy/decisions/0052).
"""

from __future__ import annotations

import hashlib
import os
import platform
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import platformdirs
import tokenizers
import torch
from typing_extensions import override

from workers.embedder.interface import ModelId
from workers.embedder.readability import SpecialTokens, is_readable
from workers.embedder.torch_model import TASKS, Task, TextTokeniser, TorchModel
from workers.embedder.tracing import same_rows, traced_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.embedder.torch_model import Features

PACKED = "_weight"
"""The buffer of a layer whose weights are packed; see `precision`. A file holds it unpacked."""
ABOUT = "about"
COLUMNS = frozenset({"input_ids", "token_type_ids", "attention_mask"})
"""The tensors that the tokenizers library gives."""
REFUSED = ".refused"
"""The suffix of the file that says why a model has no prepared form."""


class DamagedFile(Exception):
    """The file is not what was written. The model has to be prepared again."""


class About(msgspec.Struct):
    """The facts about its model that the file has beside the trace."""

    model: ModelId
    precision: str
    tokens_per_second: float
    cosine_min: float
    names: list[str]
    """The tensors that the trace takes, in order."""
    prompts: dict[Task, str]
    characters_max: int | None
    unknown: str | None
    special: list[str]
    tokeniser: str
    """JSON of the tokenizers library."""
    sample: list[str]
    rows: list[list[float]]
    """The rows of `sample` as documents, not normalised."""


class PreparedTokeniser(TextTokeniser):
    """Tokenises as the model's own tokeniser does."""

    def __init__(self, about: About) -> None:
        self._about = about
        self._tokenizer = tokenizers.Tokenizer.from_str(about.tokeniser)
        self._special = SpecialTokens(about.unknown, frozenset(about.special))

    @override
    def features(self, texts: Sequence[str], task: Task) -> Features:
        prompt = self._about.prompts.get(task, "")
        encoded = self._tokenizer.encode_batch([prompt + text[: self._about.characters_max] for text in texts])
        columns = {
            "input_ids": [each.ids for each in encoded],
            "token_type_ids": [each.type_ids for each in encoded],
            "attention_mask": [each.attention_mask for each in encoded],
        }
        return {name: torch.tensor(columns[name]) for name in self._about.names}

    @override
    def reads(self, features: Features) -> bool:
        tokens = [self._tokenizer.id_to_token(each) or "" for each in features["input_ids"][0].tolist()]
        return is_readable(tokens, self._special)


def prepared_file(name: str, revision: str) -> Path:
    """Return the path of the prepared form of a model: another one for other libraries, processors and code of ours."""
    packages = ("torch", "sentence-transformers", "transformers", "tokenizers")
    own = [path.read_text() for path in sorted(Path(__file__).parent.glob("*.py"))]
    parts = [name, revision, _processor(), *(version(package) for package in packages), *own]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return platformdirs.user_cache_path("freshline") / "models" / f"{revision}-{digest}.pt"


def read_prepared(file: Path) -> TorchModel:
    """Return the model in the file. Raises DamagedFile, also if it does not give the vectors that the file says."""
    try:
        about, trace = _read(file)
        tokeniser = PreparedTokeniser(about)

        def passed(features: Features) -> torch.Tensor:
            return traced_rows(trace, features)

        same = same_rows(passed(tokeniser.features(about.sample, "document")), torch.tensor(about.rows))
    except Exception as error:  # The error that a damaged file raises depends on where it is damaged.
        raise DamagedFile(f"The prepared model {file} cannot be read: {error!r}") from error
    if not same:
        raise DamagedFile(f"The prepared model {file} gives other vectors than when it was prepared.")
    model, cosine_min = ModelId(*about.model), about.cosine_min
    passes = dict.fromkeys(TASKS, passed)
    return TorchModel(model, about.precision, about.tokens_per_second, cosine_min, tokeniser, passes)


def write_prepared(file: Path, trace: Any, about: About) -> None:
    """Write the file in one step. `trace` cannot run afterwards: its weights are no longer packed."""
    for layer in _layers(trace):
        if layer.packed.is_mkldnn:
            setattr(layer.module, PACKED, layer.packed.to_dense())
    partial = file.with_suffix(f".{os.getpid()}")
    with _as_torchscript():
        torch.jit.save(trace, partial, _extra_files={ABOUT: msgspec.json.encode(about)})
    partial.replace(file)


def _read(file: Path) -> tuple[About, Any]:
    extra: dict[str, Any] = {ABOUT: ""}
    with _as_torchscript():
        trace: Any = torch.jit.load(file, _extra_files=extra)  # type: ignore[no-untyped-call]
    for layer in _layers(trace):
        setattr(layer.module, PACKED, torch.ops.mkldnn._reorder_linear_weight(layer.packed, None))
    return msgspec.json.decode(extra[ABOUT], type=About), trace


@contextmanager
def _as_torchscript() -> Iterator[None]:
    """Ignore that torch advises `torch.export`: running what that gives needs the imports that are avoided here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.", category=DeprecationWarning)
        yield


class _Layer(NamedTuple):
    module: Any
    packed: torch.Tensor


def _layers(trace: Any) -> list[_Layer]:
    """Return the layers whose weights are packed while the model runs."""
    found = [(module, dict(module.named_buffers(recurse=False)).get(PACKED)) for module in trace.modules()]
    return [_Layer(module, weight) for module, weight in found if weight is not None]


def _processor() -> str:
    """Return the features of the processor, as Linux tells them; elsewhere its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.lower().startswith(("flags", "features"))), platform.processor())
