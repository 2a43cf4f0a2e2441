"""The embedder off the event loop: loaded in the background, one thread for documents and one for queries."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from schemas.errors import EmbedderHangs
from workers.embedder.cache import QUERIES_MAX, VectorCache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workers.embedder.interface import Embedder, ModelId, Spent, Vectors

T = TypeVar("T")

DOCUMENTS_SECONDS_MAX = 600.0
"""The longest that a batch may take, the batch before it included: a model of billions of parameters takes minutes on
two cores."""
CLOSE_SECONDS_MAX = 2.0


class EmbedderThreads:
    """An embedder for coroutines. One call of each kind runs; further calls wait in their callers, not in a queue."""

    def __init__(
        self,
        load: Callable[[], Embedder],
        *,
        documents_seconds_max: float = DOCUMENTS_SECONDS_MAX,
        close_seconds_max: float = CLOSE_SECONDS_MAX,
    ) -> None:
        """`load` runs once, in a thread, when `start` is called."""
        self._load = load
        self._documents_seconds_max = documents_seconds_max
        self._loading: asyncio.Future[Embedder] | None = None
        self._documents = _OneThread("embed-documents", close_seconds_max)
        self._queries = _OneThread("embed-queries", close_seconds_max)
        self._cache = VectorCache(QUERIES_MAX)

    def start(self) -> None:
        """Begin to load the model and return at once. Await `loaded` as well: it raises the error of loading."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(self._documents.run(self._load))

    @property
    def ready(self) -> bool:
        """True once the model is loaded; until then searches have lexical results alone."""
        loading = self._loading
        return loading is not None and loading.done() and not loading.cancelled() and loading.exception() is None

    @property
    def cosine_min(self) -> float:
        """The model's cosine below which a query and a text have nothing in common; the model must be `ready`."""
        assert self._loading is not None
        return self._loading.result().cosine_min

    @property
    def spent(self) -> Spent:
        """The documents and their processor time, see `Embedder`; the model must be `ready`."""
        assert self._loading is not None
        return self._loading.result().spent

    @property
    def failed(self) -> bool:
        """True if loading has raised."""
        return self._loading is not None and self._loading.done() and not self.ready

    @property
    def loaded_model(self) -> ModelId | None:
        """The model once it is `ready`, else None."""
        return self._loading.result().model if self._loading is not None and self.ready else None

    async def loaded(self) -> Embedder:
        """Return the embedder as soon as it is loaded. Raises the error of loading (Misconfigured: no such model)."""
        self.start()
        assert self._loading is not None
        return await asyncio.shield(self._loading)

    async def model(self) -> ModelId:
        """Return the model that computes the vectors, once it is loaded."""
        return (await self.loaded()).model

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dimension)`, rows L2-normalised, in order.

        Raises EmbeddingFailed, and EmbedderHangs if the model does not come back in time.
        """
        embedder = await self.loaded()
        try:
            async with asyncio.timeout(self._documents_seconds_max):
                return await self._documents.run(lambda: embedder.embed_documents(texts))
        except TimeoutError as error:
            raise EmbedderHangs(
                f"the model has not embedded {len(texts)} texts in {self._documents_seconds_max:.0f} s, it hangs: "
                "this process ends, to be started again"
            ) from error

    def embed_query(self, text: str) -> asyncio.Task[Vectors]:
        """Begin to compute the vector of a query, float32 `(dimension,)`, read-only. It does not wait for documents.

        Awaiting it raises EmbeddingFailed. A forward pass that has begun runs to its end, also if it is cancelled.
        """
        computing = asyncio.create_task(self._compute(text))
        computing.add_done_callback(_retrieve_error)
        return computing

    async def close(self) -> None:
        """Accept no further texts, wait for the calls that run, two seconds at most, and close the embedder.

        Idempotent.
        """
        await asyncio.gather(self._documents.close(), self._queries.close())
        if self._loading is not None and self.ready:
            await asyncio.to_thread(self._loading.result().close)

    async def _compute(self, text: str) -> Vectors:
        embedder = await self.loaded()
        if (known := self._cache.get(text)) is not None:
            return known
        return await self._queries.one_at_a_time(lambda: asyncio.create_task(self._compute_in_turn(embedder, text)))

    async def _compute_in_turn(self, embedder: Embedder, text: str) -> Vectors:
        """Compute and remember a vector, unless the query before, for which this one waited, had the same text."""
        if (known := self._cache.get(text)) is not None:
            return known
        asked = embedder.ask_query(text)
        computing = self._queries.submit(lambda: embedder.embed_query(text)) if asked is None else asked
        return self._cache.put(text, await computing)


def _retrieve_error(computing: asyncio.Task[Vectors]) -> None:
    """Keep asyncio from logging the error of a vector that is no longer wanted."""
    if not computing.cancelled():
        computing.exception()


class _OneThread:
    """One thread, and the callers that wait for it in order."""

    def __init__(self, name: str, close_seconds_max: float) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._close_seconds_max = close_seconds_max
        self._turn = asyncio.Semaphore(1)

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Begin to run this in the thread, after what it runs already."""
        return asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def run(self, work: Callable[[], T]) -> T:
        """Run this in the thread when it is its turn."""
        return await self.one_at_a_time(lambda: self.submit(work))

    async def one_at_a_time(self, begin: Callable[[], asyncio.Future[T]]) -> T:
        """Begin when it is its turn, which lasts until the future is done, whatever becomes of the caller."""
        await self._turn.acquire()
        try:
            running = begin()
        except BaseException:
            self._turn.release()
            raise
        running.add_done_callback(lambda _: self._turn.release())
        return await asyncio.shield(running)  # The thread may still be busy after its caller has given up.

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._close_seconds_max), self._turn:
                pass
