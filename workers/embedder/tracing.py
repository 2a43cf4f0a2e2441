"""A model's forward pass as one call, during which other threads can use the interpreter.

A pass that Python runs has a hundred steps and takes the interpreter again after each of them: beside a busy event
loop a query of 3 ms took 15 ms.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from workers.embedder.precision import forward

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sentence_transformers import SentenceTransformer

    from workers.embedder.precision import Features

    Forward = Callable[[Features], torch.Tensor]

COSINE_MIN = 0.9999
"""The least cosine of each row with the model's own row: the same numbers, added up in another order."""


def forward_pass(model: SentenceTransformer, samples: Sequence[Features], task: str) -> Forward:
    """Return the pass of this task: features to float32 `(texts, dimension)` on the CPU, traced on the first sample.

    A trace treats every value that did not depend on its input as a constant, so it is used only if it gives the
    model's own vectors for all `samples`, which should differ in rows, length and padding. Else the model runs step by
    step.
    """
    steps = partial(forward, model, task=task)
    try:
        traced = _Traced(model, samples[0], steps, task)
        same = all(_same(traced(sample), steps(sample)) for sample in samples)
    except Exception:  # A model that cannot be traced can always run step by step.
        return steps
    return traced if same else steps


class _Traced:
    """A trace, and the model step by step for features of another kind than the traced ones."""

    def __init__(self, model: SentenceTransformer, sample: Features, steps: Forward, task: str) -> None:
        tensors, self._fixed = _split(sample)
        self._names = list(tensors)
        self._steps = steps
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The warnings concern possible constants, which `forward_pass` checks for.
            positional = _Positional(model, self._names, self._fixed, task)
            self._trace: Any = torch.jit.trace(  # type: ignore[no-untyped-call]
                positional, tuple(tensors.values()), check_trace=False
            )

    def __call__(self, features: Features) -> torch.Tensor:
        tensors, fixed = _split(features)
        if list(tensors) != self._names or fixed != self._fixed:
            return self._steps(features)
        with torch.inference_mode():
            rows: torch.Tensor = self._trace(*tensors.values())
            return rows.float().cpu()


class _Positional(torch.nn.Module):
    """The model as a function of tensors, the only kind of function that can be traced."""

    def __init__(self, model: SentenceTransformer, names: Sequence[str], fixed: Features, task: str) -> None:
        super().__init__()
        self._model, self._names, self._fixed, self._task = model, names, fixed, task

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        features = {**self._fixed, **dict(zip(self._names, tensors, strict=True))}
        rows: torch.Tensor = self._model(features, task=self._task)["sentence_embedding"]
        return rows


def _split(features: Features) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return (tensors, everything else), both by name."""
    tensors = {name: value for name, value in features.items() if isinstance(value, torch.Tensor)}
    return tensors, {name: value for name, value in features.items() if name not in tensors}


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool((torch.nn.functional.cosine_similarity(one, other) >= COSINE_MIN).all())
