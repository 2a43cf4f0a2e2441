"""The Python client of the HTTP API: every route is a method, of `Client` and awaited of `AsyncClient`."""

from stream.client.clients import AsyncClient, Client

__all__ = ["AsyncClient", "Client"]
