"""How well search finds: nDCG@10 of both legs and of their fusion on the judged queries of `electronics`."""

from __future__ import annotations

import gzip
import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson

from schemas.points import Content, Payload, Status, point_id
from schemas.queries import Filters
from workers.document import document
from workers.fusion import fuse
from workers.index.edge_open import open_edge
from workers.index.interface import Upsert
from workers.point import VectorState, payload
from workers.search import LEG_POINTS_MIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from workers.embedder.interface import Embedder
    from workers.index.interface import Index

SHOWN = 10
BATCH = 256


async def quality(folder: Path, embedder: Embedder, directory: Path) -> dict[str, float]:
    """Mean nDCG@10 of the queries with a relevant item: "words", "vectors", "fused".

    `folder` holds the `electronics_*` files; `directory` takes the index. An item that nobody judged counts as
    irrelevant, so the figures are low and only good for comparison.
    """
    index = open_edge(directory, model=embedder.model)
    try:
        await _fill(index, embedder, folder / "electronics_products.jsonl.gz")
        return await _score(index, embedder, folder)
    finally:
        await index.close()


async def _fill(index: Index, embedder: Embedder, products: Path) -> None:
    contents = [electronics_content(row) for row in _rows(products)]
    for start in range(0, len(contents), BATCH):
        batch = contents[start : start + BATCH]
        documents = [document(content, embedder.model) for content in batch]
        vectors = embedder.embed_documents([each.text for each in documents])
        await index.write(
            [
                Upsert(content["product_id"], 1, _payload(content, each.fingerprint), each.text, vector)
                for content, each, vector in zip(batch, documents, vectors, strict=True)
            ]
        )


async def _score(index: Index, embedder: Embedder, folder: Path) -> dict[str, float]:
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for row in _rows(folder / "electronics_labels.jsonl.gz"):
        grades[row["query_id"]][point_id(row["product_id"])] = row["grade"]
    scores: dict[str, list[float]] = defaultdict(list)
    for row in _rows(folder / "electronics_queries.jsonl"):
        judged = grades[row["query_id"]]
        if any(judged.values()):
            for leg, ranking in (await _rankings(index, embedder, row["query"])).items():
                scores[leg].append(ndcg(ranking, judged))
    return {leg: round(sum(values) / len(values), 4) for leg, values in scores.items()}


async def _rankings(index: Index, embedder: Embedder, query: str) -> dict[str, list[str]]:
    words = [each.point_id for each in await index.search_lexical(query, Filters(), LEG_POINTS_MIN)]
    vector = embedder.embed_query(query)
    near = [each.point_id for each in await index.search_dense(vector, Filters(), LEG_POINTS_MIN)]
    return {"words": words, "vectors": near, "fused": [ranked.point_id for ranked in fuse(near, words)]}


def ndcg(ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    """Järvelin and Kekäläinen 2002, gain 2^grade - 1, over the first ten; 0 to 1."""
    ideal = sorted(grades.values(), reverse=True)
    return _dcg([grades.get(point, 0) for point in ranking]) / _dcg(ideal)


def _dcg(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades[:SHOWN], start=1))


def electronics_content(row: Mapping[str, Any]) -> Content:
    """An electronics product as an item; the name, a part number, among its attributes."""
    empty: dict[str, Any] = dict.fromkeys(Content.__annotations__)
    description = {"und": row["short_description"]} if row["short_description"] else {}
    return {  # type: ignore[typeddict-item]
        **empty,
        "product_id": row["product_id"],
        "partition": 0,
        "status": Status.VISIBLE.value,
        "title": {"und": row["title"]},
        "description": description,
        "brand": row["brand"],
        "category": [],
        "attributes": {"model": row["name"], **row["attributes"]},
    }


def _payload(content: Content, fingerprint: str) -> Payload:
    return payload(content, 1, VectorState(fingerprint, fingerprint, None, None), {})


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    lines = file.read_bytes()
    yield from map(orjson.loads, (gzip.decompress(lines) if file.suffix == ".gz" else lines).splitlines())
