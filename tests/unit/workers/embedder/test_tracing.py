"""A forward pass as one call: used where it gives the same vectors, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.lazily import Lazily

if TYPE_CHECKING:
    import torch

    from tests.support import traced_models
    from workers.embedder import precision, tracing
    from workers.embedder.torch_model import Features
else:
    torch, traced_models = Lazily("torch"), Lazily("tests.support.traced_models")
    precision, tracing = Lazily("workers.embedder.precision"), Lazily("workers.embedder.tracing")


def ids(rows: int, length: int, **more: Any) -> Features:
    return {"input_ids": torch.arange(rows * length).reshape(rows, length) % 50, **more}


@pytest.fixture
def samples() -> list[Features]:
    return [ids(3, 4), ids(1, 2), ids(1, 20)]


def test_a_traced_pass_gives_the_same_vectors_for_other_shapes_without_a_step_of_python(
    samples: list[Features],
) -> None:
    model: Any = traced_models.Model()
    traced = tracing.forward_pass(model, samples, "document")
    others = [ids(7, 9), ids(1, 1), ids(2, 33)]
    expected = [precision.forward(model, each) for each in others]
    before = model.passes
    for features, rows in zip(others, expected, strict=True):
        assert torch.allclose(traced(features), rows, atol=1e-6)
    assert model.passes == before


@pytest.mark.parametrize("name", ["DependsOnLength", "CannotBeTraced"])
def test_a_model_whose_trace_gives_other_vectors_runs_step_by_step(name: str, samples: list[Features]) -> None:
    model: Any = getattr(traced_models, name)()
    steps = tracing.forward_pass(model, samples, "document")
    for features in (*samples, ids(2, 9)):
        before = model.passes
        assert torch.equal(steps(features), precision.forward(model, features))
        assert model.passes == before + 2


def test_features_of_another_kind_than_the_traced_ones_run_step_by_step(samples: list[Features]) -> None:
    model: Any = traced_models.DependsOnMore()
    traced = tracing.forward_pass(model, [{**each, "sign": 1} for each in samples], "document")
    assert isinstance(traced, tracing.TracedPass)
    for features in (ids(2, 3, sign=-1), ids(2, 3), ids(2, 3, sign=1, mask=torch.ones(2, 3))):
        assert torch.equal(traced(features), precision.forward(model, features))


@pytest.mark.parametrize(("name", "shared"), [("Model", True), ("DependsOnTask", False)])
def test_one_trace_serves_both_tasks_where_it_gives_the_vectors_of_both(
    name: str, shared: bool, samples: list[Features]
) -> None:
    model: Any = getattr(traced_models, name)()
    documents, queries = tracing.forward_passes(model, {"document": samples, "query": samples}).values()
    assert isinstance(documents, tracing.TracedPass)
    assert isinstance(queries, tracing.TracedPass)
    assert (documents.trace is queries.trace) == shared
    assert torch.allclose(queries(ids(2, 9)), precision.forward(model, ids(2, 9), task="query"), atol=1e-6)
