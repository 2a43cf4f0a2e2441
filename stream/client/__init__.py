"""The Python client of the HTTP API: every route is a method, of `Client` and awaited of `AsyncClient`.

The routes are in `stream.api`.
"""

from stream.client.clients import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
