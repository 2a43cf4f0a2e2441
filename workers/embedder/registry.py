"""The embedders of one process, one for each model: a rebuild may need another model than the serving collection."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from workers import memory
from workers.embedder.interface import ModelId
from workers.embedder.model_files import dimension, locate, revision
from workers.embedder.model_process import ModelProcess
from workers.embedder.threads import EmbedderThreads

if TYPE_CHECKING:
    from workers.embedder.interface import Embedder, Kind
    from workers.query_gate import QueryGate


class EmbedderRegistry:
    """Loads each embedder in the background when it is first asked for."""

    def __init__(self, kind: Kind, *, threads: int, gate: QueryGate) -> None:
        """`threads`: how many batches of documents a model embeds at a time. `gate`: the queries to which they give
        way."""
        self._kind = kind
        self._threads = threads
        self._gate = gate
        self._embedders: dict[str | None, EmbedderThreads] = {}

    def embedder(self, source: str | None) -> EmbedderThreads:
        """Return the embedder of a model, which begins to load if it is new or its last load failed.

        `source`: name or folder of the model; None: the installed one.
        """
        known = self._embedders.get(source)
        if known is None or known.failed:
            known = EmbedderThreads(partial(start_embedder, self._kind, source, threads=self._threads, gate=self._gate))
            self._embedders[source] = known
            known.start()
        return known

    async def identify(self, source: str | None) -> ModelId:
        """Return the identity of the model that `source` names. Raises Misconfigured if there is none."""
        return describe(self._kind, source) or await self.embedder(source).model()

    def find_loaded(self, model: ModelId) -> EmbedderThreads | None:
        """Return the embedder of exactly this model; None while it is not loaded."""
        return next((each for each in self._embedders.values() if each.loaded_model == model), None)

    async def close(self) -> None:
        """Accept no further texts, and wait briefly for the running calls."""
        await asyncio.gather(*(each.close() for each in self._embedders.values()))


def describe(kind: Kind, source: str | None) -> ModelId | None:
    """Return the model that `load_embedder` would load, from its files alone (quick); None if only loading can tell.

    An existing index can thus be opened, and serve lexical results, while the model loads.
    """
    if kind == "fake":
        return load_embedder(kind, source, threads=1).model
    name, folder = locate(source)
    size = dimension(folder)
    return None if size is None else ModelId(name, revision(folder), size)


def start_embedder(kind: Kind, source: str | None, *, threads: int, gate: QueryGate) -> Embedder:
    """Load the embedder that the settings name, a model in a process of its own. Call it in a thread: it takes seconds.

    Arguments and errors are those of `load_embedder`.
    """
    if kind == "fake":
        return load_embedder(kind, source, threads=threads)
    return ModelProcess(kind, source, threads=threads, gate=gate)


def load_embedder(kind: Kind, source: str | None, *, threads: int, gate: QueryGate | None = None) -> Embedder:
    """Load the embedder into this process. Call it in a thread: it takes seconds, as only this imports torch.

    `source`: name or folder of the model, None: the installed one. `threads`: how many batches of documents it
    embeds at a time. `gate`: the queries to which documents give way, None where nobody asks any.

    Raises Misconfigured if there is no such model.
    """
    if kind == "fake":
        from workers.embedder.fake import FakeEmbedder

        return FakeEmbedder(name=source or "fake")
    name, folder = locate(source)  # A model that is not there is refused before torch is imported.
    with memory.uncollected():
        import torch

        from workers.embedder.preparation import prepared_model
        from workers.embedder.torch_embedder import TorchEmbedder

    torch.set_num_threads(1)  # Several threads of one pass wait for each other, and spin meanwhile.
    if (model := prepared_model(name, folder)) is None:
        from workers.embedder.sentence import load_sentence_model

        # The imported modules stay for good. If the collector had to look at them among the garbage that loading
        # leaves, it would take 0.4 s.
        memory.freeze_heap()
        model = load_sentence_model(name, folder).model
    return TorchEmbedder(model, gate=gate, threads=threads)
