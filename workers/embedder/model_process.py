"""A model in a process of its own: neither loading it nor tokenising takes the interpreter that serves the events.

The reasons are in deploy/decisions/0040. `workers.embedder.serve` runs in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
from enum import Enum
from functools import partial
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from schemas.errors import EmbeddingFailed, Misconfigured
from workers.embedder.interface import Embedder, ModelId, Spent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.embedder.interface import Kind, Vectors
    from workers.query_gate import QueryGate

CLOSE_SECONDS_MAX = 2.0


class Turn(Enum):
    """Sent by the model's process before each batch of documents, and sent back once no query is being answered."""

    ASKED = 1
    GRANTED = 2


class Loaded(NamedTuple):
    """The first answer of the model's process."""

    model: ModelId
    cosine_min: float


class EmbeddedDocuments(NamedTuple):
    """The answer of the model's process to a request with documents."""

    vectors: Vectors
    processor_s: float
    """The processor time that they took there."""


class ModelEnded(EmbeddingFailed):
    """The model's process ended during a call: it was killed, or the model's own code crashed."""


class ModelProcess(Embedder):
    """A model in a process of its own. If that process ends, the next call starts another one."""

    def __init__(self, kind: Kind, source: str | None, *, threads: int, gate: QueryGate) -> None:
        """Arguments and errors are those of `load_embedder`. Takes some seconds."""
        self._start = partial(_Child, (kind, source, threads), gate)
        self._replacing = threading.Lock()
        self._closed = False
        self._child = self._start()

    @property
    @override
    def model(self) -> ModelId:
        return self._child.loaded.model

    @property
    @override
    def cosine_min(self) -> float:
        return self._child.loaded.cosine_min

    @property
    @override
    def spent(self) -> Spent:
        return self._child.spent

    @override
    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        try:
            return self._living().embed_documents(texts)
        except ModelEnded:
            if len(texts) != 1:
                raise  # The caller tries the texts one by one.
            # The system may have killed the process for a reason that has nothing to do with the text.
            return self._living().embed_documents(texts)

    @override
    def embed_query(self, text: str) -> Vectors:
        return self._living().embed_query(text)

    @override
    def ask_query(self, text: str) -> asyncio.Future[Vectors] | None:
        child = self._child
        return None if child.ended else child.ask_query(text)

    @override
    def close(self) -> None:
        with self._replacing:
            self._closed = True
            self._child.end()

    def _living(self) -> _Child:
        """Return the process of the model, a new one if the last one has ended."""
        with self._replacing:
            if self._child.ended and not self._closed:
                self._child.end()  # It closes what belonged to the process.
                self._child = self._start()
            return self._child


class _Child:
    """One process, with a connection for documents and one for queries."""

    def __init__(self, load: tuple[Kind, str | None, int], gate: QueryGate) -> None:
        """`load`: the arguments of `load_embedder`: kind, source and threads."""
        self._gate, self._bucket = gate, gate.token_bucket()
        self.spent = Spent()
        self._one_at_a_time = {"documents": threading.Lock(), "queries": threading.Lock()}
        self._documents, documents = Pipe()
        self._queries, queries = Pipe()
        handles = documents.fileno(), queries.fileno()
        # The process ends by itself once its standard input does: with this process, however that ends.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workers.embedder.serve", *map(str, handles)],
            stdin=subprocess.PIPE,
            pass_fds=handles,
        )
        documents.close()
        queries.close()
        try:
            self.loaded: Loaded = self._answer(self._documents, load)
        except BaseException as error:
            self.end()
            if isinstance(error, ModelEnded):
                raise Misconfigured(f"The model cannot be loaded: {error}") from error
            raise

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        with self._one_at_a_time["documents"]:
            embedded: EmbeddedDocuments = self._answer(self._documents, list(texts))
            self.spent = Spent(self.spent.texts + len(texts), self.spent.processor_s + embedded.processor_s)
        return embedded.vectors

    def embed_query(self, text: str) -> Vectors:
        with self._one_at_a_time["queries"]:
            vector: Vectors = self._answer(self._queries, text)
        return vector

    def ask_query(self, text: str) -> asyncio.Future[Vectors] | None:
        """Send a query, and let the event loop receive the vector; None while another query is on its way.

        A thread in between would have to wait for a core and for the interpreter, on the way there and back.
        """
        if not self._one_at_a_time["queries"].acquire(blocking=False):
            return None
        answered: asyncio.Future[Vectors] = asyncio.get_running_loop().create_future()
        with contextlib.suppress(OSError):  # If the process has ended, receiving says so.
            self._queries.send(text)  # The connection is empty, and holds more than the longest query.
        answered.get_loop().add_reader(self._queries.fileno(), self._settle, answered)
        return answered

    def end(self) -> None:
        """End the process, by force if it does not follow. Idempotent."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(CLOSE_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answer(self, connection: Connection, request: Any) -> Any:
        """Return the answer to a request. Raises the error that it is, and ModelEnded."""
        with self._ended():
            connection.send(request)
            while (answer := connection.recv()) is Turn.ASKED:
                self._gate.wait_until_open_in_thread(self._bucket)
                connection.send(Turn.GRANTED)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _settle(self, answered: asyncio.Future[Vectors]) -> None:
        """Receive the vector, and let the next query go. The caller of this one may have given up."""
        answered.get_loop().remove_reader(self._queries.fileno())
        try:
            with self._ended():
                answer = self._queries.recv()
        except ModelEnded as error:
            answer = error
        self._one_at_a_time["queries"].release()
        if answered.cancelled():
            return
        if isinstance(answer, Exception):
            answered.set_exception(answer)
        else:
            answered.set_result(answer)

    @contextlib.contextmanager
    def _ended(self) -> Iterator[None]:
        """Raise ModelEnded if the connection ends within the block."""
        try:
            yield
        except (EOFError, OSError) as error:
            self._process.kill()
            raise ModelEnded(f"The model's process ended with {self._process.wait()} during a call.") from error
