"""The quality of search, on real judgements: `make relevance`. Needs the data sets beside the repository."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from schemas.errors import EmbeddingFailed
from schemas.queries import Filters, SearchRequest
from stream.demo import electronics, hongkong
from stream.runtime.settings import read_settings
from tests.benchmarks.catalogue import SHARED, Catalogue
from tests.benchmarks.prefilled import open_prefilled
from tests.oracle.hongkong import rows
from tests.relevance.judged import judged, part_numbers, parts_of_titles, slices, whole_titles
from tests.relevance.measures import MEASURES, mean, measured, p_value
from tests.relevance.properties import lost_numbers, lost_titles, other_in_the_other_script
from tests.support.queries import LoadedModel, OneIndex
from workers.embedder.registry import load_embedder
from workers.merchandising.weights import NO_WEIGHTS, read_ranking
from workers.search.hits import Shop
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stream.demo.rows import DemoEvent
    from tests.relevance.judged import Query
    from workers.embedder.interface import Embedder, Vectors
    from workers.index.interface import Index
    from workers.merchandising.weights import Ranking

POINTS = 100
WAYS = ("words", "vectors", "fused", "ranked")
"""By words, by vectors, by both, and by both with the weights that docs/search.md gives as an example."""
EXAMPLE = re.compile(r"^```yaml\n(weights:.*?)^```", re.MULTILINE | re.DOTALL)
NOW_MS = 1_700_086_400_000
"""A day after all items have changed."""


def main() -> int:
    """Print the tables. 1 if a property does not hold for every title."""
    if not (SHARED / "electronics_labels.jsonl.gz").exists():
        print(f"relevance: there are no judgements in {SHARED}")
        return 0
    embedder = load_embedder("model", None, threads=1)
    shops = {
        "electronics": electronics.events(rows(SHARED / "electronics_products.jsonl.gz")),
        "groceries": hongkong.snapshot(rows(SHARED / "hk_snapshot_end.jsonl.gz")),
    }
    lost = 0
    for name, events in shops.items():
        items = _catalogue(name, events)
        lost += _properties(items)
        asyncio.run(_shop(items, embedder))
    return int(lost > 0)


async def _shop(items: Catalogue, embedder: Embedder) -> None:
    """Print the measures of the judged queries, if the shop has any, and of the known items."""
    groups = {**(part_numbers(items) if items.source == "electronics" else {}), **whole_titles(items)}
    groups |= parts_of_titles(items)
    if items.source == "electronics":
        groups = {"judged": judged(), **groups}
    with tempfile.TemporaryDirectory() as folder:
        async with open_prefilled(read_settings(data_dir=folder), items, embedder) as index:
            for name, queries in groups.items():
                if queries:
                    values = await _print(f"{items.source}: {name}", queries, index, embedder)
                    if name == "judged":
                        _print_slices(values, slices(queries, items))


def _print_slices(values: Mapping[str, Mapping[str, Mapping[str, float]]], parts: Mapping[str, Sequence[str]]) -> None:
    """Print the measures of each kind of query by words and fused: fused must not be below words on any."""
    for name, query_ids in parts.items():
        for measure in ("nDCG@10", "nDCG@10, judged"):
            words, fused = ([values[way][measure][each] for each in query_ids] for way in ("words", "fused"))
            if query_ids:
                figures = f"words {np.mean(words):.3f}, fused {np.mean(fused):.3f}, p = {p_value(fused, words):.3f}"
                print(f"  {name}, {len(query_ids)} queries, {measure}: {figures}")


async def _print(
    title: str, queries: Mapping[str, Query], index: Index, embedder: Embedder
) -> dict[str, dict[str, dict[str, float]]]:
    """Print the measures of each way, and return them by way, measure and query."""
    values, milliseconds = {}, {}
    for way in WAYS:
        began_s = time.perf_counter()
        rankings = {name: await _ranking(way, query.text, index, embedder) for name, query in queries.items()}
        milliseconds[way] = 1000 * (time.perf_counter() - began_s) / len(queries)
        values[way] = measured(queries, rankings)
    print(f"\n{title}, {len(queries)} queries")
    for way in WAYS:
        shown = [mean([*values[way][measure].values()]) for measure in MEASURES]
        cells = "  ".join(
            f"{name} {each.mean:.3f} [{each.low:.3f}, {each.high:.3f}]"
            for name, each in zip(MEASURES, shown, strict=True)
        )
        print(f"  {way:8} {cells}  {milliseconds[way]:.1f} ms")
    for measure in ("nDCG@10", "nDCG@10, judged"):
        words, fused = ([*values[way][measure].values()] for way in ("words", "fused"))
        print(f"  {measure}: fused - words {np.mean(fused) - np.mean(words):+.3f}, p = {p_value(fused, words):.3f}")
    return values


async def _ranking(way: str, query: str, index: Index, embedder: Embedder) -> list[str]:
    """Return product_ids, best first: by one retriever, or as the product answers (`fused`, `ranked`)."""
    if way == "vectors":
        near = await index.search_dense(_vector(query, embedder), Filters(), POINTS)
        stored = await index.payloads([point.point_id for point in near])
        return [stored[point.point_id]["product_id"] for point in near]

    async def embed(text: str) -> Vectors:
        return embedder.embed_query(text)

    loaded = LoadedModel(embed, [] if way == "words" else [index.model])
    loaded.cosine_min = embedder.cosine_min
    ranking = _example_ranking() if way == "ranked" else NO_WEIGHTS
    searcher = Searcher(OneIndex(index), loaded, Shop(None, ("en",)), ranking=lambda: ranking)
    results = await searcher.search(SearchRequest(q=query[:1_000], limit=POINTS), NOW_MS)
    return [hit.product_id for hit in results.hits]


@cache
def _example_ranking() -> Ranking:
    text = (Path(__file__).parents[2] / "docs" / "search.md").read_text("utf-8")
    found = EXAMPLE.search(text)
    assert found is not None, "docs/search.md has no example of weights"
    return read_ranking(found[1], "docs/search.md")


def _vector(query: str, embedder: Embedder) -> Vectors:
    """Return the vector of a query, also where the model cannot read it."""
    try:
        return embedder.embed_query(query)
    except EmbeddingFailed:
        row: Vectors = embedder.embed_documents([query])[0]
        return row


def _catalogue(name: str, events: Iterable[DemoEvent]) -> Catalogue:
    stamps = ("updated_at", "version")
    products = {
        product_id: {field: value for field, value in event.items() if field not in stamps}
        for topic, product_id, event in events
        if topic == "products"
    }
    return Catalogue(name, products, {}, [])


def _properties(items: Catalogue) -> int:
    """Print for how many titles each property does not hold. Returns their sum."""
    titles: Sequence[str] = [
        text
        for product in items.products.values()
        for text in (product["title"].values() if isinstance(product["title"], dict) else [product["title"]])
    ]
    failed = {
        "not found by themselves": lost_titles(titles),
        "with a number that is ignored": lost_numbers(titles),
        "other in the other Chinese script": other_in_the_other_script(titles),
    }
    print(f"\n{items.source}: of {len(titles)} titles", {name: len(found) for name, found in failed.items()})
    return sum(map(len, failed.values()))


if __name__ == "__main__":
    sys.exit(main())
