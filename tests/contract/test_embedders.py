"""One suite over every embedder: the fake and a real model in a process of its own pass the same tests."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from schemas.errors import EmbeddingFailed
from tests.support.lazily import Lazily
from tests.support.waiting import HANG_S
from workers.embedder.model_process import ModelProcess
from workers.embedder.registry import start_embedder
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.embedder import sentence, tracing
    from workers.embedder.interface import Embedder, Vectors
else:
    sentence, tracing = Lazily("workers.embedder.sentence"), Lazily("workers.embedder.tracing")

MIXED = [
    "x",
    "Garden Marbo Cake - Walnut 78g",
    "wireless optical mouse, 2.4 GHz, nano receiver " * 6,
    "孖寶蛋糕 - 合桃 78克，麵包蛋糕，海綿蛋糕",
    "ünïcödé ✓ 🎂 Ω",
    "HP Pavilion notebook, 17 inch, 4 GB DDR2-SDRAM, 250 GB HDD " * 3,
    "toner cartridge",
] * 5


@pytest.fixture(scope="session", params=["fake", "model"])
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    started = start_embedder(request.param, None, threads=1, gate=QueryGate())
    yield started
    started.close()


@pytest.fixture(scope="session")
def model_only() -> sentence.SentenceEmbedder:
    return sentence.SentenceEmbedder()


def cosines(one: Vectors, other: Vectors) -> Vectors:
    return np.asarray((one * other).sum(axis=1))


def test_rows_are_normalised_float32_of_the_dimension_of_the_model(embedder: Embedder) -> None:
    rows = embedder.embed_documents(MIXED)
    assert rows.shape == (len(MIXED), embedder.model.dimension)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_query_is_one_normalised_vector(embedder: Embedder) -> None:
    vector = embedder.embed_query("sponge cake")
    assert vector.shape == (embedder.model.dimension,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_documents([]).shape == (0, embedder.model.dimension)


def test_rows_come_in_the_order_of_the_texts_and_do_not_depend_on_the_batch(embedder: Embedder) -> None:
    together = embedder.embed_documents(MIXED)
    alone = np.stack([embedder.embed_documents([text])[0] for text in MIXED])
    assert cosines(together, alone).min() > 0.999


def test_the_same_text_gives_the_same_vector(embedder: Embedder) -> None:
    assert (embedder.embed_documents(["toner"]) == embedder.embed_documents(["toner"])).all()


def test_without_prompts_a_query_and_a_document_of_the_same_text_are_the_same(embedder: Embedder) -> None:
    assert embedder.embed_query(MIXED[1]) @ embedder.embed_documents([MIXED[1]])[0] > 0.999


def test_a_similar_text_is_nearer_than_a_different_one(embedder: Embedder) -> None:
    query = embedder.embed_query("walnut cake")
    cake, mouse = embedder.embed_documents(["Marbo Cake Walnut 78g", "wireless mouse with receiver"])
    assert query @ cake > query @ mouse + 0.2


def test_a_very_long_text_is_cut_not_refused(embedder: Embedder) -> None:
    rows = embedder.embed_documents(["toner cartridge " * 100_000, "蛋糕" * 100_000])
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("text", ["", " ", "\x00", "蛋糕", "嘉頓 蛋糕", "🎂", "a\u0301", "\ud7ff"])
def test_any_text_has_a_vector(embedder: Embedder, text: str) -> None:
    assert np.isfinite(embedder.embed_documents([text])).all()


def test_threads_get_their_own_rows(embedder: Embedder) -> None:
    expected = embedder.embed_documents(MIXED)
    readable = [number for number, text in enumerate(MIXED) if text.isascii()]
    with ThreadPoolExecutor(4) as threads:
        documents = [threads.submit(embedder.embed_documents, MIXED) for _ in range(2)]
        queries = [threads.submit(embedder.embed_query, MIXED[number]) for number in readable]
    for rows in documents:
        assert cosines(rows.result(), expected).min() > 0.999
    assert cosines(np.stack([query.result() for query in queries]), expected[readable]).min() > 0.999


def test_a_query_is_answered_while_documents_are_embedded(embedder: Embedder) -> None:
    answered_before_the_end = threading.Event()
    began = threading.Event()

    def backlog() -> bool:
        for _ in range(30):
            began.set()
            embedder.embed_documents(MIXED)
            if answered_before_the_end.is_set():
                return True
        return False

    with ThreadPoolExecutor(1) as thread:
        documents = thread.submit(backlog)
        assert began.wait(HANG_S)
        embedder.embed_query("walnut cake")
        answered_before_the_end.set()
        assert documents.result(HANG_S)


def test_the_processor_time_of_documents_is_measured_in_the_process_of_a_model(embedder: Embedder) -> None:
    before = embedder.spent
    embedder.embed_documents(MIXED)
    is_measured = isinstance(embedder, ModelProcess)
    assert embedder.spent.texts - before.texts == (len(MIXED) if is_measured else 0)
    assert (embedder.spent.processor_s > before.processor_s) is is_measured


def test_the_model_names_itself_and_its_revision(embedder: Embedder) -> None:
    assert embedder.model.name
    assert embedder.model.revision


def test_the_fake_fails_on_the_chosen_text_alone() -> None:
    from workers.embedder.fake import FakeEmbedder

    fake = FakeEmbedder(failing="poison")
    with pytest.raises(EmbeddingFailed):
        fake.embed_documents(["cake", "poisoned cake"])
    assert fake.embed_documents(["cake"]).shape == (1, 384)


@pytest.mark.parametrize("query", ["麵包", "綠茶", "嘉頓 cake", "ноутбук", "라면", "🙂"])
def test_a_query_that_the_model_cannot_read_has_no_vector(model_only: sentence.SentenceEmbedder, query: str) -> None:
    with pytest.raises(EmbeddingFailed):
        model_only.embed_query(query)


@pytest.mark.parametrize("query", ["bread", "café au lait 500ml", "WH-1000XM5", "x", "?", "Müller"])
def test_a_query_that_the_model_reads_has_one(model_only: sentence.SentenceEmbedder, query: str) -> None:
    assert model_only.embed_query(query).shape == (model_only.model.dimension,)


def test_what_has_nothing_in_common_is_below_the_least_cosine(model_only: sentence.SentenceEmbedder) -> None:
    [mouse, cake] = model_only.embed_documents(["Logitech wireless mouse M185, grey", "Marbo walnut cake, bakery"])
    assert float(model_only.embed_query("cordless mouse") @ mouse) > model_only.cosine_min
    assert float(model_only.embed_query("cordless mouse") @ cake) < model_only.cosine_min
    assert float(model_only.embed_query("asdfgh qwerty") @ mouse) < model_only.cosine_min


def test_the_installed_model_is_traced_for_queries_and_documents(model_only: sentence.SentenceEmbedder) -> None:
    assert {task: type(each) for task, each in model_only._passes.items()} == {
        "query": tracing.TracedPass,
        "document": tracing.TracedPass,
    }
