"""The process of a model: `python -m workers.embedder.serve DOCUMENTS QUERIES`, two inherited connections.

It ends once its standard input does, and thus with the process that started it. `workers.embedder.model_process`
starts it and asks it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from schemas.errors import FreshlineError
from workers import memory
from workers.embedder.child import end_with_caller, quiet_libraries
from workers.embedder.model_process import EmbeddedDocuments, Loaded, Turn
from workers.embedder.registry import load_embedder
from workers.query_gate import SWITCH_INTERVAL_S, QueryGate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workers.embedder.interface import Embedder, Vectors
    from workers.query_gate import TokenBucket

DOCUMENTS_NICENESS = 19
"""The niceness of the documents' threads: queries, prices and all other urgent work run before them."""


class _GateOfCaller(QueryGate):
    """The gate in the process that answers the queries: this one asks before each batch of documents."""

    def __init__(self, documents: Connection) -> None:
        super().__init__()
        self._documents = documents

    @override
    def wait_until_open_in_thread(self, bucket: TokenBucket) -> None:
        self._documents.send(Turn.ASKED)
        self._documents.recv()


class _Meter:
    """Measures the processor time of documents. Several threads embed them and one thread embeds queries, so it is the
    time of the process less the time of that thread."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._queries_s = 0.0

    def embed_query(self, text: str) -> Vectors:
        try:
            return self._embedder.embed_query(text)
        finally:
            self._queries_s = time.thread_time()

    def embed_documents(self, texts: Sequence[str]) -> EmbeddedDocuments:
        began_s = time.process_time() - self._queries_s
        vectors = self._embedder.embed_documents(texts)
        return EmbeddedDocuments(vectors, max(0.0, time.process_time() - self._queries_s - began_s))


def main() -> None:
    """Load the model that the first request names, and answer until the caller ends."""
    for number in (signal.SIGINT, signal.SIGTERM):  # They reach a whole group of processes. The caller decides.
        signal.signal(number, signal.SIG_IGN)
    memory.tune_collector()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    quiet_libraries()
    end_with_caller()
    documents, queries = (Connection(int(handle)) for handle in sys.argv[1:3])
    embedder = _load(documents)
    if embedder is None:
        return
    meter = _Meter(embedder)
    answering = threading.Thread(target=_answer, args=(queries, meter.embed_query), daemon=True)
    answering.start()
    _lower_priority(but=answering)
    memory.trim_regularly()  # Not at a low priority: a query would wait for it.
    documents.send(Loaded(embedder.model, embedder.cosine_min))
    _answer(documents, meter.embed_documents)


def _load(documents: Connection) -> Embedder | None:
    """Return the model; None after an answer that says why there is none."""
    kind, source, threads = documents.recv()
    try:
        embedder = load_embedder(kind, source, threads=threads, gate=_GateOfCaller(documents))
    except FreshlineError as error:
        documents.send(error)
        return None
    memory.freeze_loaded_model()
    return embedder


def _answer(connection: Connection, embed: Callable[[Any], Any]) -> None:
    """Answer each request with a result or an error, until the connection ends."""
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = embed(request)
        except FreshlineError as error:  # The process that asked raises it.
            answer = error
        except Exception:  # Not every error can be pickled.
            answer = RuntimeError(f"The model's process has a bug.\n{traceback.format_exc()}")
        connection.send(answer)


def _lower_priority(*, but: threading.Thread) -> None:
    """Lower the priority of all threads that there are, torch's too, but for one. Only Linux has thread priorities."""
    if sys.platform == "linux":
        for thread in (int(entry.name) for entry in Path("/proc/self/task").iterdir()):
            if thread != but.native_id:
                os.setpriority(os.PRIO_PROCESS, thread, DOCUMENTS_NICENESS)


if __name__ == "__main__":
    main()
