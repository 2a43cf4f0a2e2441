"""The embedder off the event loop: loaded in the background, one thread for documents and one for queries."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from schemas.errors import EmbedderHangs
from workers.embedder.cache import QUERIES_MAX, VectorCache
from workers.embedder.interface import nobody

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workers.embedder.interface import Embedder, ModelId, Vectors

T = TypeVar("T")

DOCUMENTS_SECONDS_MAX = 600.0
"""Of a batch, with the one before it: minutes are what a model of billions of parameters takes on two cores."""
CLOSE_SECONDS_MAX = 2.0
DOCUMENTS_NICENESS = 19
"""Of the thread of documents: queries, prices and all else that somebody waits for have the processor first."""


class EmbedderThreads:
    """An embedder for coroutines. One call of each kind runs; the next wait in their callers, not in a queue."""

    def __init__(self, load: Callable[[], Embedder]) -> None:
        """`load` runs once, in a thread, when `start` is called."""
        self._load = load
        self._loading: asyncio.Future[Embedder] | None = None
        self._documents = _Lane("embed-documents", _yield_processor)
        self._queries = _Lane("embed-queries")
        self._cache = VectorCache(QUERIES_MAX)

    def start(self) -> None:
        """Begins to load the model and returns at once. Await `loaded` as well: it raises what loading raised."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(self._documents.run(self._load))

    @property
    def ready(self) -> bool:
        """Whether the model is loaded; until then search goes by words alone."""
        loading = self._loading
        return loading is not None and loading.done() and not loading.cancelled() and loading.exception() is None

    @property
    def failed(self) -> bool:
        """Whether loading has raised."""
        return self._loading is not None and self._loading.done() and not self.ready

    @property
    def loaded_model(self) -> ModelId | None:
        """The model once it is `ready`."""
        return self._loading.result().model if self._loading is not None and self.ready else None

    async def loaded(self) -> Embedder:
        """The embedder, as soon as it is there. Raises what loading raised (Misconfigured for a missing model)."""
        self.start()
        assert self._loading is not None
        return await asyncio.shield(self._loading)

    async def model(self) -> ModelId:
        """The model whose vectors these are."""
        return (await self.loaded()).model

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """float32 `(len(texts), dimension)`, rows L2-normalised, in order. Raises EmbeddingFailed, EmbedderHangs."""
        embedder = await self.loaded()
        try:
            async with asyncio.timeout(DOCUMENTS_SECONDS_MAX):
                return await self._documents.run(lambda: embedder.embed_documents(texts))
        except TimeoutError as error:
            raise EmbedderHangs(
                f"the model has not embedded {len(texts)} texts in {DOCUMENTS_SECONDS_MAX:.0f} s, it hangs: "
                "this process ends, to be started again"
            ) from error

    async def embed_query(self, text: str, begun: Callable[[], object] = nobody) -> Vectors:
        """float32 `(dimension,)`, L2-normalised, read-only. Does not wait for documents. Raises EmbeddingFailed.

        `begun` is called on the loop when the forward pass is about to begin; never, if the vector is known.
        """
        embedder = await self.loaded()
        if (known := self._cache.get(text)) is not None:
            return known
        loop = asyncio.get_running_loop()
        vector = await self._queries.run(lambda: embedder.embed_query(text, lambda: loop.call_soon_threadsafe(begun)))
        return self._cache.put(text, vector)

    async def close(self) -> None:
        """Takes nothing more, and waits for what runs, two seconds at most. Idempotent."""
        await asyncio.gather(self._documents.close(), self._queries.close())


class _Lane:
    """One thread, and the callers that wait for it in order."""

    def __init__(self, name: str, begin: Callable[[], None] = lambda: None) -> None:
        """`begin`: called once in the thread."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name, initializer=begin)
        self._turn = asyncio.Semaphore(1)

    async def run(self, work: Callable[[], T]) -> T:
        await self._turn.acquire()
        try:
            running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        except BaseException:
            self._turn.release()
            raise
        running.add_done_callback(lambda _: self._turn.release())
        return await asyncio.shield(running)  # a caller that gives up does not free a thread that still works

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX), self._turn:
                pass


def _yield_processor() -> None:
    """Of this thread alone, and of those it starts: only Linux has priorities of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), DOCUMENTS_NICENESS)
