"""A forward pass as one call: used where it gives the same vectors, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from workers.embedder.precision import forward
from workers.embedder.tracing import TracedPass, forward_pass, forward_passes

if TYPE_CHECKING:
    from workers.embedder.torch_model import Features


class Model(torch.nn.Module):
    """Turns rows of token ids into vectors, and counts the passes that Python runs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.words = torch.nn.Embedding(50, 8)
        self.passes = 0

    def forward(self, features: Features, task: str | None = None) -> dict[str, torch.Tensor]:
        self.passes += 1
        return {"sentence_embedding": self.rows(self.words(features["input_ids"]), features)}

    def rows(self, words: torch.Tensor, features: Features) -> torch.Tensor:
        return words.mean(dim=1)


class DependsOnLength(Model):
    """Treats long texts in another way, which a trace of a short text does not contain."""

    def rows(self, words: torch.Tensor, features: Features) -> torch.Tensor:
        return words.max(dim=1).values if words.shape[1] > 5 else words.mean(dim=1)


class CannotBeTraced(Model):
    """Raises while it is traced."""

    def rows(self, words: torch.Tensor, features: Features) -> torch.Tensor:
        if torch._C._get_tracing_state():
            raise RuntimeError("not like this")
        return words.mean(dim=1)


class DependsOnMore(Model):
    """Depends on a feature that is no tensor."""

    def rows(self, words: torch.Tensor, features: Features) -> torch.Tensor:
        return words.mean(dim=1) * int(features.get("sign", 1))


def ids(rows: int, length: int, **more: Any) -> Features:
    return {"input_ids": torch.arange(rows * length).reshape(rows, length) % 50, **more}


SAMPLES = [ids(3, 4), ids(1, 2), ids(1, 20)]


def test_a_traced_pass_gives_the_same_vectors_for_other_shapes_without_a_step_of_python() -> None:
    model: Any = Model()
    traced = forward_pass(model, SAMPLES, "document")
    others = [ids(7, 9), ids(1, 1), ids(2, 33)]
    expected = [forward(model, each) for each in others]
    before = model.passes
    for features, rows in zip(others, expected, strict=True):
        assert torch.allclose(traced(features), rows, atol=1e-6)
    assert model.passes == before


@pytest.mark.parametrize("model", [DependsOnLength(), CannotBeTraced()])
def test_a_model_whose_trace_gives_other_vectors_runs_step_by_step(model: Any) -> None:
    steps = forward_pass(model, SAMPLES, "document")
    for features in (*SAMPLES, ids(2, 9)):
        before = model.passes
        assert torch.equal(steps(features), forward(model, features))
        assert model.passes == before + 2


def test_features_of_another_kind_than_the_traced_ones_run_step_by_step() -> None:
    model: Any = DependsOnMore()
    traced = forward_pass(model, [{**each, "sign": 1} for each in SAMPLES], "document")
    assert isinstance(traced, TracedPass)
    for features in (ids(2, 3, sign=-1), ids(2, 3), ids(2, 3, sign=1, mask=torch.ones(2, 3))):
        assert torch.equal(traced(features), forward(model, features))


class DependsOnTask(Model):
    """Computes queries in another way than documents."""

    def forward(self, features: Features, task: str | None = None) -> dict[str, torch.Tensor]:
        rows = super().forward(features)["sentence_embedding"]
        return {"sentence_embedding": rows.flip(1) if task == "query" else rows}


@pytest.mark.parametrize(("model", "shared"), [(Model(), True), (DependsOnTask(), False)])
def test_one_trace_serves_both_tasks_where_it_gives_the_vectors_of_both(model: Any, shared: bool) -> None:
    documents, queries = forward_passes(model, {"document": SAMPLES, "query": SAMPLES}).values()
    assert isinstance(documents, TracedPass)
    assert isinstance(queries, TracedPass)
    assert (documents.trace is queries.trace) == shared
    assert torch.allclose(queries(ids(2, 9)), forward(model, ids(2, 9), task="query"), atol=1e-6)
