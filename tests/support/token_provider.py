"""An identity provider that gives tokens for the id and secret of a client."""

from __future__ import annotations

import base64
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterator


class Provider(ThreadingHTTPServer):
    """An identity provider that answers with what a test sets, and 401 to a client that it does not know."""

    answer: tuple[int, str] = (200, '{"access_token": "one", "expires_in": 100}')

    def __init__(self, client_id: str, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.url = f"http://127.0.0.1:{self.server_port}/token"
        self.known = "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self.forms: list[dict[str, list[str]]] = []
        """The forms that clients it knows have sent."""


class _Asked(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        status, body = 401, "who are you?"
        if self.headers["authorization"] == self.server.known:
            self.server.forms.append(form)
            status, body = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


@contextmanager
def token_provider(client_id: str, secret: str) -> Iterator[Provider]:
    """Run a provider that knows this client."""
    server = Provider(client_id, secret)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
