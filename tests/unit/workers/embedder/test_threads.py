"""The embedder off the event loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import numpy as np
import pytest

from schemas.errors import EmbedderHangs, EmbeddingFailed, Misconfigured
from tests.support.waiting import HANG_S
from workers.embedder.fake import FakeEmbedder
from workers.embedder.threads import EmbedderThreads


class Held(FakeEmbedder):
    """Embeds documents only once `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.queries = 0

    def embed_documents(self, texts):  # type: ignore[no-untyped-def]
        assert self.go.wait(HANG_S)
        return super().embed_documents(texts)

    def embed_query(self, text):  # type: ignore[no-untyped-def]
        self.queries += 1
        return super().embed_query(text)


async def test_the_embedder_is_ready_once_its_model_is_loaded() -> None:
    go = threading.Event()

    def load() -> FakeEmbedder:
        assert go.wait(HANG_S)
        return FakeEmbedder()

    threads = EmbedderThreads(load)
    threads.start()
    assert not threads.ready
    go.set()
    await threads.loaded()
    assert threads.ready
    assert (await threads.model()).name == "fake"
    await threads.close()


async def test_a_model_that_hangs_raises_and_does_not_keep_the_process() -> None:
    held = Held()
    threads = EmbedderThreads(lambda: held, documents_seconds_max=0.05, close_seconds_max=0.05)
    with pytest.raises(EmbedderHangs, match="has not embedded 2 texts"):
        await threads.embed_documents(["cake", "tea"])
    await threads.close()
    held.go.set()


async def test_an_error_of_loading_is_raised_for_every_caller() -> None:
    def load() -> FakeEmbedder:
        raise Misconfigured("There is no model.")

    threads = EmbedderThreads(load)
    for ask in (threads.loaded(), threads.embed_query("cake"), threads.embed_documents(["cake"])):
        with pytest.raises(Misconfigured, match="There is no model"):
            await ask
    assert not threads.ready
    await threads.close()


async def test_a_query_does_not_wait_for_the_thread_of_the_documents() -> None:
    held = Held()
    threads = EmbedderThreads(lambda: held)
    documents = asyncio.ensure_future(threads.embed_documents(["cake"]))
    assert (await asyncio.wait_for(threads.embed_query("cake"), HANG_S)).shape == (384,)
    assert not documents.done()
    held.go.set()
    assert (await documents).shape == (1, 384)
    await threads.close()


async def test_the_vector_of_a_repeated_query_is_not_computed_again() -> None:
    held = Held()
    threads = EmbedderThreads(lambda: held)
    first, second = [await threads.embed_query("cake") for _ in range(2)]
    assert held.queries == 1
    assert (first == second).all()
    await threads.close()


async def test_a_query_that_is_asked_again_while_it_is_computed_is_not_computed_again() -> None:
    held = Held()
    threads = EmbedderThreads(lambda: held)
    await threads.loaded()
    given_up = threads.embed_query("cake")
    await asyncio.sleep(0)  # It begins.
    again = [threads.embed_query("cake") for _ in range(2)]
    await asyncio.sleep(0)
    given_up.cancel()
    first, second = await asyncio.gather(*again)
    assert held.queries == 1
    assert (first == second).all()
    await threads.close()


async def test_a_caller_that_gives_up_leaves_the_thread_in_order() -> None:
    held = Held()
    threads = EmbedderThreads(lambda: held)
    await threads.loaded()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(threads.embed_documents(["given up"]), 0.01)
    waiting = asyncio.ensure_future(threads.embed_documents(["cake"]))
    held.go.set()
    assert (await asyncio.wait_for(waiting, HANG_S) == FakeEmbedder().embed_documents(["cake"])).all()
    await threads.close()


async def test_a_text_that_cannot_be_embedded_fails_its_caller() -> None:
    threads = EmbedderThreads(lambda: FakeEmbedder(failing="poison"))
    with pytest.raises(EmbeddingFailed):
        await threads.embed_documents(["poison"])
    assert np.isfinite(await threads.embed_documents(["cake"])).all()
    await threads.close()


def test_importing_threads_and_registry_does_not_import_torch() -> None:
    check = "import sys, workers.embedder.threads, workers.embedder.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
