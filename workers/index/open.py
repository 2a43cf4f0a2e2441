"""Opens the collections that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workers.embedder.interface import ModelId
    from workers.index.interface import Collections
    from workers.priority import QueryGate


async def open_collections(
    *,
    directory: Path,
    alias: str,
    model: ModelId,
    model_source: str | None,
    url: str | None,
    api_key: str | None,
    gate: QueryGate,
) -> Collections:
    """Open the collections on a Qdrant server if a URL is given, else the embedded ones in this directory.

    If no collection serves, create an empty one for this model, which then serves. Raises Misconfigured, one line with
    what to do, if another version of Freshline created one of them, and Unavailable if the server does not answer.
    """
    if url is None:
        from workers.index.edge.collections import EdgeCollections

        return EdgeCollections(directory, alias=alias, model=model, model_source=model_source, gate=gate)
    from workers.index.server.collections import open_server

    return await open_server(url, alias=alias, model=model, model_source=model_source, api_key=api_key)


async def check_answers(url: str, api_key: str | None) -> None:
    """Raise Unavailable if no Qdrant server answers at this URL, Misconfigured if it is too old."""
    from workers.index.server.collections import check_server

    await check_server(url, api_key)
