"""The gate that every call over gRPC passes: the key, the faults, and the turn in which it is answered."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import grpc

from .faults import AFTER, BEFORE, HALF
from .grpc_api import add_services
from .store import Refusal

if TYPE_CHECKING:
    from .faults import Faulty
    from .store import Store

CALLS_AT_ONCE = 16
"""The calls that may wait for their turn, or for the end of a delay."""
CODES = {404: grpc.StatusCode.NOT_FOUND, 409: grpc.StatusCode.ALREADY_EXISTS, 400: grpc.StatusCode.INVALID_ARGUMENT}
FAULT = "Service internal error: a fault of this test"


def start_grpc(address: str, store: Store, faulty: Faulty, api_key: str | None) -> grpc.Server:
    """Serve at `host:port` until stopped; calls are answered in the running loop, one at a time, as requests are.

    Raises RuntimeError if the port is taken.
    """
    gate = _Gate(faulty, asyncio.get_running_loop(), api_key)
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(CALLS_AT_ONCE), interceptors=[gate], options=options)
    add_services(server, store)
    server.add_insecure_port(address)
    server.start()
    return server


class _Gate(grpc.ServerInterceptor):  # type: ignore[misc]
    def __init__(self, faulty: Faulty, loop: asyncio.AbstractEventLoop, api_key: str | None) -> None:
        self._faulty, self._loop, self._api_key = faulty, loop, api_key

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = continuation(details)
        if handler is None:
            return None
        call = details.method.rpartition("/")[2]
        return grpc.unary_unary_rpc_method_handler(
            lambda asked, context: self._answer(call, handler.unary_unary, asked, context),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _answer(self, call: str, answer: Any, asked: Any, context: grpc.ServicerContext) -> Any:
        given = cast("dict[str, str]", dict(context.invocation_metadata()))
        if self._api_key is not None and given.get("api-key") != self._api_key:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Must provide an API key or an Authorization bearer token")
        try:
            return asyncio.run_coroutine_threadsafe(self._in_turn(call, answer, asked, context), self._loop).result()
        except Refusal as error:
            context.abort(CODES[error.status], str(error))
        except _Failed as failed:
            context.abort(failed.args[0], FAULT)

    async def _in_turn(self, call: str, answer: Any, asked: Any, context: grpc.ServicerContext) -> Any:
        fault = await self._faulty.begin(call, context.peer())
        if fault == BEFORE:
            raise _Failed(grpc.StatusCode.UNAVAILABLE)
        if fault == HALF and "operations" in asked.DESCRIPTOR.fields_by_name:
            del asked.operations[len(asked.operations) // 2 :]
        found = answer(asked, context)
        if fault in (HALF, AFTER):
            raise _Failed(grpc.StatusCode.INTERNAL)
        return found


class _Failed(Exception):
    """A fault that was set, with its status."""
