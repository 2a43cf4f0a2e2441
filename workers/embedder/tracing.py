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
    from collections.abc import Mapping, Sequence

    from sentence_transformers import SentenceTransformer

    from workers.embedder.torch_model import Features, Forward, Task

COSINE_MIN = 0.9999
"""The least cosine of each row with the model's own row: the same numbers, added up in another order."""


def forward_passes(model: SentenceTransformer, samples: Mapping[Task, Sequence[Features]]) -> dict[Task, Forward]:
    """Return the pass of each task. One trace serves both tasks where it gives the vectors of both."""
    passes = {task: forward_pass(model, each, task) for task, each in samples.items()}
    documents = passes["document"]
    if isinstance(documents, TracedPass):
        queries = TracedPass(documents.trace, samples["query"][0], partial(forward, model, task="query"))
        if queries.names == documents.names and _gives_the_same(queries, samples["query"]):
            passes["query"] = queries
    return passes


def forward_pass(model: SentenceTransformer, samples: Sequence[Features], task: Task) -> Forward:
    """Return the pass of this task: features to float32 `(texts, dimension)` on the CPU, traced on the first sample.

    A trace treats every value that did not depend on its input as a constant, so it is used only if it gives the
    model's own vectors for all `samples`, which should differ in rows, length and padding. Else the model runs step by
    step.
    """
    steps = partial(forward, model, task=task)
    try:
        traced = TracedPass(_trace(model, samples[0], task), samples[0], steps)
        same = _gives_the_same(traced, samples)
    except Exception:  # A model that cannot be traced can always run step by step.
        return steps
    return traced if same else steps


class TracedPass:
    """A trace, and the model step by step for features of another kind than the traced ones."""

    def __init__(self, trace: Any, sample: Features, steps: Forward) -> None:
        """`trace` takes the tensors of `sample` in their order. All but the tensors is a constant in it."""
        self.trace = trace
        self.steps = steps
        self.names, self._fixed = _kind(sample)

    def __call__(self, features: Features) -> torch.Tensor:
        """Return float32 `(texts, dimension)` on the CPU, not normalised."""
        if _kind(features) != (self.names, self._fixed):
            return self.steps(features)
        return traced_rows(self.trace, _tensors(features))


def traced_rows(trace: Any, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Run a trace: float32 `(texts, dimension)` on the CPU, not normalised."""
    with torch.inference_mode():
        rows: torch.Tensor = trace(*tensors.values())
        return rows.float().cpu()


def _trace(model: SentenceTransformer, sample: Features, task: Task) -> Any:
    names, fixed = _kind(sample)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The warnings concern possible constants, which `forward_pass` checks for.
        positional = _Positional(model, names, fixed, task)
        inputs = tuple(_tensors(sample).values())
        return torch.jit.trace(positional, inputs, check_trace=False)  # type: ignore[no-untyped-call]


class _Positional(torch.nn.Module):
    """The model as a function of tensors, the only kind of function that can be traced."""

    def __init__(self, model: SentenceTransformer, names: Sequence[str], fixed: Features, task: Task) -> None:
        super().__init__()
        self._model, self._names, self._fixed, self._task = model, names, fixed, task

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        features = {**self._fixed, **dict(zip(self._names, tensors, strict=True))}
        rows: torch.Tensor = self._model(features, task=self._task)["sentence_embedding"]
        return rows


def _tensors(features: Features) -> dict[str, torch.Tensor]:
    return {name: value for name, value in features.items() if isinstance(value, torch.Tensor)}


def _kind(features: Features) -> tuple[list[str], Features]:
    tensors = _tensors(features)
    return list(tensors), {name: value for name, value in features.items() if name not in tensors}


def _gives_the_same(traced: TracedPass, samples: Sequence[Features]) -> bool:
    return all(same_rows(traced(sample), traced.steps(sample)) for sample in samples)


def same_rows(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Return whether each row is the other's, but for the order in which numbers were added up."""
    return bool((torch.nn.functional.cosine_similarity(one, other) >= COSINE_MIN).all())
