"""The processor time of documents, as the process of a model measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from typing_extensions import override

from workers.embedder import serve
from workers.embedder.fake import FakeEmbedder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from workers.embedder.interface import Vectors


class Clocks:
    """The processor time of a process, and of the thread of its queries."""

    process_s, queries_s = 7.0, 0.0

    def process_time(self) -> float:
        return self.process_s

    def thread_time(self) -> float:
        return self.queries_s


class Busy(FakeEmbedder):
    """A query takes 4 s of its thread, documents 3 s of theirs, and a query comes meanwhile."""

    def __init__(self, clocks: Clocks) -> None:
        super().__init__()
        self._clocks = clocks
        self.meter = serve._Meter(self)

    @override
    def embed_query(self, text: str) -> Vectors:
        self._clocks.process_s += 4
        self._clocks.queries_s += 4
        return np.zeros(self.model.dimension, np.float32)

    @override
    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.meter.embed_query("lamp")
        self._clocks.process_s += 3
        return np.zeros((len(texts), self.model.dimension), np.float32)


def test_documents_take_the_processor_time_of_their_threads_and_none_of_queries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks = Clocks()
    monkeypatch.setattr(serve, "time", clocks)
    meter = Busy(clocks).meter
    meter.embed_query("lamp")
    assert [meter.embed_documents(["Brass lamp"]).processor_s for _ in range(2)] == [3.0, 3.0]
