"""Chooses the number format that the model computes in by measuring at the start, not by the processor's name."""

from __future__ import annotations

import copy
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, List, NamedTuple, Optional, Union  # noqa: UP035 -- as TorchScript reads them

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentence_transformers import SentenceTransformer

    from workers.embedder.torch_model import Features

MEASURING_SECONDS = 0.5
ROUNDS_MIN = 3
"""The fewest rounds, however slow the model is, since the machine may be busy during one of them."""
COSINE_MIN = 0.999
"""The least mean cosine with the float32 vectors over the sample; a format below it is not used, however fast."""


class Choice(NamedTuple):
    """The fastest of the formats whose vectors agree with those of float32."""

    precision: str
    model: SentenceTransformer
    seconds: float
    """Seconds of one forward pass of the sample, by one thread."""
    cosine: float
    """Mean cosine with the float32 vectors over the sample."""


def fastest(model: SentenceTransformer, sample: Features) -> Choice:
    """Run all candidates in turn on `sample`, for half a second at least, and return the fastest."""
    candidates = {"float32": model}
    expected = forward(model, sample)
    for name, build in _CANDIDATES.items():
        if (candidate := _usable(build, model, sample, expected)) is not None:
            candidates[name] = candidate
    with _one_thread():
        seconds = _race(candidates, sample)
    best = min(seconds, key=lambda name: seconds[name])
    return Choice(best, candidates[best], seconds[best], _cosine(forward(candidates[best], sample), expected))


def forward(model: SentenceTransformer, features: Features, **options: Any) -> torch.Tensor:
    """Return float32 `(texts, dimension)` on the CPU, not normalised. `features` are not changed."""
    with torch.inference_mode():
        embedding: torch.Tensor = model(dict(features), **options)["sentence_embedding"]
        return embedding.float().cpu()


def _usable(
    build: Callable[[SentenceTransformer], SentenceTransformer],
    model: SentenceTransformer,
    sample: Features,
    expected: torch.Tensor,
) -> SentenceTransformer | None:
    try:
        candidate = build(copy.deepcopy(model))
        return candidate if _cosine(forward(candidate, sample), expected) >= COSINE_MIN else None
    except Exception:  # This model or this build of torch cannot do it. Whatever the reason, float32 works.
        return None


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _race(candidates: dict[str, SentenceTransformer], sample: Features) -> dict[str, float]:
    """Return the least seconds of a pass of each candidate.

    On a processor these are seconds of one thread's own work: beside other work a pass of several threads waits for
    the last one, and float32 won where bfloat16 does the same in two thirds of the work.
    """
    on_processor = all(candidate.device.type == "cpu" for candidate in candidates.values())
    clock = time.thread_time if on_processor else time.perf_counter
    seconds = dict.fromkeys(candidates, float("inf"))
    end = time.perf_counter() + MEASURING_SECONDS
    rounds = 0
    while rounds < ROUNDS_MIN or time.perf_counter() < end:
        rounds += 1
        for name, candidate in candidates.items():
            started = clock()
            forward(candidate, sample)
            seconds[name] = min(seconds[name], clock() - started)
    return seconds


def _cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the mean over the rows. It is NaN if any row is NaN, and NaN fails every bound."""
    return float(torch.nn.functional.cosine_similarity(one, other).mean())


def _bfloat16(model: SentenceTransformer) -> SentenceTransformer:
    lowered: SentenceTransformer = model.to(torch.bfloat16)
    return lowered


def _packed_bfloat16(model: SentenceTransformer) -> SentenceTransformer:
    return _packed(_bfloat16(model))


class _PackedLinear(torch.nn.Module):
    """A linear layer whose weights oneDNN has laid out once, instead of at every call."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach().contiguous(), None)
        # Registered as buffers: a trace makes a constant of any other tensor, and a packed tensor cannot be one.
        self.register_buffer("_weight", packed)  # `prepared` knows it by its name.
        self.register_buffer("_bias", None if linear.bias is None else linear.bias.detach())

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        product: torch.Tensor = _linear(values, self._weight, self._bias)
        return product


@torch.jit.script  # A scripted call can be traced; the operation itself has an argument that no trace can hold.
def _linear(values: torch.Tensor, weight: torch.Tensor, bias: Optional[torch.Tensor]) -> torch.Tensor:  # noqa: UP045
    nothing: List[Optional[Union[int, float, complex]]] = []  # noqa: UP006, UP007, UP045
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(values, weight, bias, "none", nothing, "")
    return product


def _packed(model: SentenceTransformer) -> SentenceTransformer:
    _pack(model)
    return model


def _pack(module: torch.nn.Module) -> None:
    for name, child in module.named_children():
        if type(child) is torch.nn.Linear:
            setattr(module, name, _PackedLinear(child))
        else:
            _pack(child)


_CANDIDATES: dict[str, Callable[[SentenceTransformer], SentenceTransformer]] = {
    "bfloat16": _bfloat16,
    "bfloat16, packed": _packed_bfloat16,
    "float32, packed": _packed,
}
