"""Opens the collections that the settings name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workers.clock import Clock
    from workers.embedder.interface import ModelId
    from workers.index.address import ServerAddress
    from workers.index.roles import Collections
    from workers.query_gate import QueryGate


async def open_collections(
    *,
    directory: Path,
    alias: str,
    model: ModelId,
    model_source: str | None,
    server: ServerAddress | None,
    gate: QueryGate,
    clock: Clock,
) -> Collections:
    """Open the collections on a Qdrant server if one is given, else the embedded ones in this directory.

    If no collection serves, create an empty one for this model, which then serves. Raises Misconfigured, one line with
    what to do, if another version of Freshline created one of them, and Unavailable if the server does not answer.
    """
    if server is None:
        from workers.index.edge.collections import EdgeCollections

        return EdgeCollections(directory, alias=alias, model=model, model_source=model_source, gate=gate)
    _silence_grpc()
    from workers.index.server.open import open_server

    return await open_server(server, alias=alias, model=model, model_source=model_source, clock=clock)


async def check_answers(server: ServerAddress) -> None:
    """Raise Unavailable if no Qdrant server answers, Misconfigured if it is too old or does not let us in."""
    _silence_grpc()
    from workers.index.server.open import check_server

    await check_server(server)


def _silence_grpc() -> None:
    """Let gRPC write nothing to stderr by itself: what is wrong is said in one line, and it would say it beside that.

    It reads this as it is imported, which qdrant-client does.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
