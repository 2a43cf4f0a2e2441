"""The Qdrant server that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.index.address import ServerAddress

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


def qdrant_server(settings: Settings) -> ServerAddress | None:
    """Return how the Qdrant server is reached, None for the embedded index."""
    if settings.qdrant_url is None:
        return None
    return ServerAddress(
        settings.qdrant_url, settings.qdrant_api_key, settings.qdrant_ca_file, settings.qdrant_grpc_port
    )
