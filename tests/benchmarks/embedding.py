"""The rate of new texts: embed_documents against plain float32 `encode` of the same texts, and the waits of queries."""

from __future__ import annotations

import random
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from sentence_transformers import SentenceTransformer

from stream.demo import electronics, hongkong
from stream.demo.rows import rows
from workers.document import document
from workers.embedder.model_files import locate
from workers.embedder.sentence import SentenceEmbedder
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workers.embedder.interface import Embedder, ModelId

TEXTS = 128
REPEATS = 5
QUERIES = 60
QUERY_PAUSE_SECONDS = 0.05
WORDS = (
    "wireless mouse",
    "17 inch notebook",
    "black toner cartridge",
    "sponge cake",
    "walnut cake",
    "headphones",
    "usb cable",
)


def measure(threads: int = 1) -> dict[str, Any]:
    """Return the figures of one run, `threads` of torch for both: rates in texts/s, the ratio's median and spread,
    waits in ms."""
    gate = QueryGate()
    embedder = SentenceEmbedder(threads=threads, gate=gate)
    plain = SentenceTransformer(str(locate(None)[1]), device="cpu", local_files_only=True)
    texts = product_texts(embedder.model)
    rates = [_round(plain, embedder, texts) for _ in range(REPEATS)]
    ratios = sorted(ours / theirs for theirs, ours in rates)
    expected = plain.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    return {
        "threads": threads,
        "precision": embedder.precision,
        "plain_texts_per_second": round(statistics.median(theirs for theirs, _ in rates), 1),
        "texts_per_second": round(statistics.median(ours for _, ours in rates), 1),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_min": round(ratios[0], 2),
        "ratio_max": round(ratios[-1], 2),
        "mean_cosine": round(float((embedder.embed_documents(texts) * expected).sum(axis=1).mean()), 5),
        **_waits("query", lambda: _queries(embedder, gate)),
        **_waits("query_under_backlog", lambda: _under_backlog(embedder, gate, texts)),
    }


def product_texts(model: ModelId) -> list[str]:
    """Return documents of real products: half electronics in English, half groceries in English and Chinese."""
    foods = (value for topic, _, value in hongkong.snapshot(rows("hk_snapshot_start")) if topic == "products")
    goods = (value for topic, _, value in electronics.events(rows("electronics_products")) if topic == "products")
    products = [*islice(foods, TEXTS // 2), *islice(goods, TEXTS // 2)]
    random.Random(3).shuffle(products)
    return [document(_content(product), model).text for product in products]


def _content(product: dict[str, Any]) -> Any:
    def languages(name: str) -> dict[str, str]:
        text = product.get(name)
        return {"und": text} if isinstance(text, str) else text or {}

    return {
        "title": languages("title"),
        "brand": product.get("brand"),
        "category": product.get("category", []),
        "description": languages("description"),
        "attributes": product.get("attributes", {}),
    }


def _round(plain: SentenceTransformer, embedder: Embedder, texts: list[str]) -> tuple[float, float]:
    """Return the texts per second of both, measured one right after the other."""
    theirs = _seconds(lambda: plain.encode(texts, show_progress_bar=False))
    ours = _seconds(lambda: embedder.embed_documents(texts))
    return len(texts) / theirs, len(texts) / ours


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _queries(embedder: Embedder, gate: QueryGate) -> list[float]:
    """Return the milliseconds of each query, at twenty queries a second."""
    waits = []
    for number in range(QUERIES):
        query = f"{WORDS[number % len(WORDS)]} {number}"
        with gate.answering():
            waits.append(1000 * _seconds(lambda query=query: embedder.embed_query(query)))  # type: ignore[misc]
        time.sleep(QUERY_PAUSE_SECONDS)
    return waits


def _under_backlog(embedder: Embedder, gate: QueryGate, texts: Sequence[str]) -> list[float]:
    stop = threading.Event()

    def backlog() -> None:
        while not stop.is_set():
            embedder.embed_documents(texts)

    with ThreadPoolExecutor(1) as thread:
        documents = thread.submit(backlog)
        waits = _queries(embedder, gate)
        stop.set()
        documents.result()
    return waits


def _waits(name: str, queries: Callable[[], list[float]]) -> dict[str, float]:
    p50, p95 = np.percentile(queries(), [50, 95])
    return {f"{name}_p50_ms": round(float(p50), 1), f"{name}_p95_ms": round(float(p95), 1)}
