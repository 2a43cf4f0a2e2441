"""The quality of search: nDCG@10 of both retrievers and of their fusion on the judged queries of `electronics`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from schemas.points import point_id
from schemas.queries import Filters
from tests.benchmarks.catalogue import SHARED, asked_queries
from tests.oracle.hongkong import rows
from tests.support.queries import search_lexical
from workers.search.judging import ndcg
from workers.search.retrieval.fusion import HEAD_POINTS, fuse
from workers.search.retrieval.vector_weights import VECTOR_WEIGHTS, left_to_vectors, query_kind
from workers.words.identity import without_names
from workers.words.query import query_terms

if TYPE_CHECKING:
    from workers.embedder.interface import Embedder
    from workers.index.interface import Index

SHOWN = 10


async def quality(index: Index, embedder: Embedder) -> dict[str, float]:
    """Return the mean nDCG@10 of the queries with a relevant item: "words", "vectors", "fused".

    `index` holds the `electronics` products. An item that nobody judged counts as irrelevant, so the figures are low
    and only good for comparison. Raises FileNotFoundError where the judgements are not at hand.
    """
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows(SHARED / "electronics_labels.jsonl.gz"):
        grades[row["query_id"]][point_id(f"E{row['product_id']}")] = row["grade"]
    scores: dict[str, list[float]] = defaultdict(list)
    for query_id, query in asked_queries().items():
        judged = grades[query_id]
        if any(judged.values()):
            for way, ranking in (await _rankings(index, embedder, query)).items():
                scores[way].append(ndcg(ranking, judged))
    return {way: round(sum(values) / len(values), 4) for way, values in scores.items()}


async def _rankings(index: Index, embedder: Embedder, query: str) -> dict[str, list[str]]:
    words = await search_lexical(index, query, Filters(), HEAD_POINTS)
    vector = embedder.embed_query(query)
    near = await index.search_dense(vector, Filters(), HEAD_POINTS)
    best = await index.best_by_terms(without_names(query_terms(query)))
    weight = VECTOR_WEIGHTS[query_kind(query, is_brand=await index.has_brand(query))] * left_to_vectors(words, best)
    rankings = {"words": words, "vectors": near, "fused": fuse(words, near, weight, words_best=best).whole}
    return {way: [point.point_id for point in ranking] for way, ranking in rankings.items()}
