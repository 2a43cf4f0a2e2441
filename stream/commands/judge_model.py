"""The results of another model for the queries of `freshline judge`, which embeds items and queries here."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from stream.api.trial_parameters import NearByModel
    from stream.client import Client
    from stream.runtime.settings import Settings
    from workers.embedder.interface import Embedder, Vectors

    Near = Mapping[str, NearByModel]
    """The products that the vectors of one model find, by query."""

ITEMS_MAX = 5_000
"""The most items that are embedded, by each of the two models: 1,500 texts of electronics took the model that comes
along 26 s of one processor."""
BATCH_TEXTS = 64
FOUND_HITS = 200
"""The first hits of a query that are embedded in any case: the head of a ranking."""
PAGE_HITS = 100
SEED = 1
"""The sample of a catalogue is the same in each run."""


class ModelTrial(NamedTuple):
    """The results of the model that serves and of another one among the same items."""

    near: tuple[Near, Near]
    embedded: int
    """The number of items that both were asked about."""
    items: int
    """The number of visible items."""


def try_model(
    stack: Client,
    settings: Settings,
    model: str,
    queries: Sequence[str],
    judged: Collection[str],
    tell: Callable[[str], None],
) -> ModelTrial:
    """Return the results of two models for these queries: the one that serves, and the one of this name or folder.

    Both embed the same items: all of them, or of many the `judged` ones, those that queries find, and a sample. `tell`
    is called with what is being done. Raises Misconfigured, which names a model that is not there, and Unavailable.
    """
    from schemas.errors import Unavailable
    from stream.commands.current_run import bounds
    from stream.state_files.texts import item_texts
    from workers.embedder.registry import describe, load_embedder

    serving = stack.status().index.model
    if serving is None:
        raise Unavailable("the model of the stack is being loaded: ask again once `freshline status` names it")
    sources = (_source(settings, serving), model)
    for source in sources:
        describe(settings.embedder, source)  # One that is not there is told of before minutes are spent.
    tell("reading the texts of all items")
    texts = asyncio.run(item_texts(settings, connect_seconds_max=bounds().connect_seconds_max))
    chosen = _chosen(texts, [judged, (each for query in queries for each in _found(stack, query))])
    near = []
    for source in sources:
        embedder = load_embedder(settings.embedder, source, threads=settings.batches_at_once)
        try:
            near.append(_nearest(embedder, queries, chosen, tell))
        finally:
            embedder.close()
    return ModelTrial((near[0], near[1]), len(chosen), len(texts))


def _source(settings: Settings, serving: str) -> str:
    """Return the name or the folder of the model that serves, which FRESHLINE_MODEL may have as a folder."""
    from workers.embedder.registry import describe

    known = None if settings.model is None else describe(settings.embedder, settings.model)
    return settings.model if settings.model is not None and known is not None and known.name == serving else serving


def _chosen(texts: Mapping[str, str], first: Iterable[Iterable[str]]) -> Mapping[str, str]:
    """Return the texts of all items, or of many those of the first ones and of a sample of the others."""
    if len(texts) <= ITEMS_MAX:
        return texts
    others = list(texts)
    Random(SEED).shuffle(others)
    wanted = dict.fromkeys(each for ids in (*first, others) for each in ids if each in texts)
    return {product_id: texts[product_id] for product_id in list(wanted)[:ITEMS_MAX]}


def _found(stack: Client, query: str) -> Iterable[str]:
    for offset in range(0, FOUND_HITS, PAGE_HITS):
        hits = stack.search(q=query, limit=PAGE_HITS, offset=offset, understand=False).hits
        yield from (hit.product_id for hit in hits)
        if len(hits) < PAGE_HITS:
            return


def _nearest(
    embedder: Embedder, queries: Sequence[str], texts: Mapping[str, str], tell: Callable[[str], None]
) -> dict[str, NearByModel]:
    """Return the nearest items of each query; none for a query that the model cannot read."""
    import numpy as np

    from schemas.errors import EmbeddingFailed
    from stream.api.trial_parameters import NearByModel
    from workers.search.retrieval.fusion import HEAD_POINTS

    ids, rows = _embedded(embedder, texts, tell)
    found = {}
    for query in queries:
        try:
            cosines = rows @ embedder.embed_query(query)
        except EmbeddingFailed:
            cosines = np.zeros(0, np.float32)
        best = np.argsort(-cosines, kind="stable")[:HEAD_POINTS]
        near = {ids[place]: float(cosines[place]) for place in best}
        found[query] = NearByModel(cosines=near, cosine_min=embedder.cosine_min)
    return found


def _embedded(embedder: Embedder, texts: Mapping[str, str], tell: Callable[[str], None]) -> tuple[list[str], Vectors]:
    """Return the ids and the vectors, float32 `(n, dimension)`, of the texts that can be embedded."""
    import numpy as np

    # Texts of one length share a pass without padding.
    ids, rows = list[str](), [np.zeros((0, embedder.model.dimension), np.float32)]
    by_length = sorted(texts, key=lambda product_id: len(texts[product_id]))
    for start in range(0, len(by_length), BATCH_TEXTS):
        tell(f"{embedder.model.name}: {start:,} of {len(by_length):,} items embedded")
        for batch, vectors in _batches(embedder, by_length[start : start + BATCH_TEXTS], texts):
            ids.extend(batch)
            rows.append(vectors)
    return ids, np.concatenate(rows)


def _batches(
    embedder: Embedder, ids: Sequence[str], texts: Mapping[str, str]
) -> Iterable[tuple[Sequence[str], Vectors]]:
    """Yield the vectors of a batch; if one text fails, the vector of each other text by itself."""
    from schemas.errors import EmbeddingFailed

    try:
        yield ids, embedder.embed_documents([texts[each] for each in ids])
    except EmbeddingFailed:
        if len(ids) > 1:
            for each in ids:
                yield from _batches(embedder, [each], texts)
