"""Batches of documents are embedded several at a time, every row is that of its text, and they give way to queries."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import pytest

from schemas.errors import EmbeddingFailed
from tests.support.gates import WatchedGate
from tests.support.lazily import Lazily
from tests.support.waiting import HANG_S, wait_until
from workers.embedder.interface import ModelId
from workers.embedder.torch_model import TorchModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from workers.embedder import torch_embedder
    from workers.embedder.torch_model import Features, Task, TextTokeniser
    from workers.query_gate import QueryGate
else:
    torch, torch_embedder = Lazily("torch"), Lazily("workers.embedder.torch_embedder")


class OneBatchEach:
    """A tokeniser that gives each text as many tokens as a batch may have; all of them are the number of the text."""

    def features(self, texts: Sequence[str], task: Task) -> Features:
        ids = torch.tensor([[int(text)] * torch_embedder.TOKENS_MIN for text in texts])
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def reads(self, features: Features) -> bool:
        return True


def embedder(
    forward: Callable[[Features], torch.Tensor], threads: int, gate: QueryGate | None = None
) -> torch_embedder.TorchEmbedder:
    tokeniser = cast("TextTokeniser", OneBatchEach())
    passes: dict[Task, Callable[[Features], torch.Tensor]] = {"document": forward, "query": forward}
    model = TorchModel(ModelId("m", "1", 2), "float32", 1.0, 0.0, tokeniser, passes)
    return torch_embedder.TorchEmbedder(model, gate=gate, threads=threads)


def number_and_one(features: Features) -> torch.Tensor:
    numbers = features["input_ids"][:, :1].float()
    return torch.cat([numbers, torch.ones_like(numbers)], dim=1)


def test_as_many_batches_run_at_a_time_as_there_are_threads_and_rows_keep_the_order() -> None:
    together, met = threading.Barrier(2, timeout=HANG_S), threading.Event()

    def forward(features: Features) -> torch.Tensor:
        if not met.is_set():
            together.wait()
            met.set()
        return number_and_one(features)

    rows = embedder(forward, 2).embed_documents([str(number) for number in range(6)])
    assert (rows[:, 0] / rows[:, 1]).round().tolist() == [0, 1, 2, 3, 4, 5]


def test_few_texts_are_embedded_by_one_thread_which_leaves_the_other_cores_to_queries() -> None:
    threads = set[int]()

    def forward(features: Features) -> torch.Tensor:
        threads.add(threading.get_ident())
        time.sleep(0)  # Another thread, if there were one, could take the next batch.
        return number_and_one(features)

    made = embedder(forward, 2)
    for _ in range(50):
        made.embed_documents([str(number) for number in range(torch_embedder.FEW_TEXTS_MAX)])
    assert len(threads) == 1


def test_a_failure_is_raised_after_every_other_batch_is_done() -> None:
    begun, failed, done = threading.Event(), threading.Event(), list[int]()

    def forward(features: Features) -> torch.Tensor:
        if features["input_ids"][0, 0] == 0:
            assert begun.wait(HANG_S)
            failed.set()
            raise RuntimeError("no")
        begun.set()
        assert failed.wait(HANG_S)
        done.extend(features["input_ids"][:, 0].tolist())
        return number_and_one(features)

    with pytest.raises(EmbeddingFailed, match="no"):
        embedder(forward, 2).embed_documents([str(number) for number in range(6)])
    assert sorted(done) == [1, 2, 3, 4, 5]


def test_documents_wait_until_a_query_is_answered() -> None:
    gate = WatchedGate()
    made = embedder(number_and_one, 1, gate)
    with ThreadPoolExecutor(1) as threads:
        with gate.answering():
            documents = threads.submit(made.embed_documents, ["3"])
            wait_until(lambda: gate.came > 0 or documents.done(), "the documents come to the gate")
            assert not documents.done()
        assert documents.result(HANG_S).shape == (1, 2)
