"""A collector of traces: it takes spans by OTLP over HTTP, as those of OpenTelemetry do."""

from __future__ import annotations

import gzip
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


class CollectedSpan(NamedTuple):
    """A span that a process has exported."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    """Empty for a root."""


class Collector:
    """The spans that were sent to `url` so far."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._spans: list[CollectedSpan] = []
        self._lock = threading.Lock()

    def take(self, body: bytes) -> None:
        """Take the body of a request."""
        request = ExportTraceServiceRequest.FromString(body)
        found = [
            CollectedSpan(service, each.name, each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex())
            for of_resource in request.resource_spans
            for service in [_service(of_resource.resource)]
            for of_scope in of_resource.scope_spans
            for each in of_scope.spans
        ]
        with self._lock:
            self._spans += found

    @property
    def spans(self) -> list[CollectedSpan]:
        with self._lock:
            return list(self._spans)

    def traces(self) -> dict[str, list[CollectedSpan]]:
        """Return the spans of each trace."""
        spans = self.spans
        return {trace: [span for span in spans if span.trace_id == trace] for trace in {s.trace_id for s in spans}}


def _service(resource: object) -> str:
    attributes = {each.key: each.value.string_value for each in resource.attributes}  # type: ignore[attr-defined]
    return str(attributes["service.name"])


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a collector on a free port within the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collected.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collected = Collector(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collected
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
