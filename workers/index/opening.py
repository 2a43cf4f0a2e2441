"""Opens the index that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workers.embedder.interface import ModelId
    from workers.index.interface import Index


async def open_index(*, directory: Path, alias: str, model: ModelId, url: str | None, api_key: str | None) -> Index:
    """A Qdrant server's collection where there is a URL, else the embedded shard in this directory.

    Raises Misconfigured, one line with what to do, if it was made for another model or version; Unavailable if the
    server does not answer.
    """
    if url is None:
        from workers.index.edge_open import open_edge

        return open_edge(directory, alias=alias, model=model)
    from workers.index.server_open import open_server

    return await open_server(url, alias=alias, model=model, api_key=api_key)
