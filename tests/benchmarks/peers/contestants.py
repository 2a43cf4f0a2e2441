"""Who takes part: Freshline and its peers, each as a command that is started, asked over HTTP, and killed."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import quote

import orjson
import psutil

from schemas.errors import FreshlineError
from schemas.items import SHOP
from stream.runtime.ports import free_port
from tests.benchmarks.peers.serving import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START_SECONDS_MAX = 180.0
LOOK_INTERVAL_S = 0.05


class Place(NamedTuple):
    """Where a contestant runs."""

    kafka: str
    directory: Path
    """It begins with the catalogue: `directory/index` for Freshline, `directory/shard` for peers."""
    port: int
    model: str
    dtype: str
    python: str
    """The interpreter that has the libraries of the peers."""


class Item(NamedTuple):
    """An item as a contestant shows it."""

    title: str | None
    price: float | None
    reviews: int
    is_embedded: bool
    """Whether its vector is that of its present text."""


class Contestant(Protocol):
    """A product of the comparison."""

    @property
    def name(self) -> str:
        """Its name in the table."""

    @property
    def package(self) -> str | None:
        """The distribution that it stands on, whose version the table names; None for this build."""

    def command(self, place: Place) -> list[str]:
        """Return the command that starts it."""

    def item(self, body: dict[str, Any]) -> Item:
        """Read the answer of GET /items/{product_id}."""


class Freshline:
    """This build, with an index of its own on the broker that all use."""

    name = "freshline"
    package = None

    def command(self, place: Place) -> list[str]:
        """Return `freshline up` on a broker that runs already."""
        up = [sys.executable, "-m", "stream.commands", "up", "--json", "--kafka", place.kafka]
        return [*up, "--data-dir", str(place.directory), "--api-port", str(place.port)]

    def item(self, body: dict[str, Any]) -> Item:
        """Read the price of the shop's own offer."""
        indexed = body["indexed"]
        prices = [offer["price"] for offer in indexed["offers"] if offer["seller"] == SHOP]
        titles = indexed["titles"]
        title = titles.get("en") or (titles[min(titles)] if titles else None)
        price = prices[0] if prices else None
        return Item(title, price, indexed["review_count"], indexed["vector_is_current"])


class Peer:
    """A module beside this one."""

    def __init__(self, name: str, module: str, package: str) -> None:
        self.name, self._module, self.package = name, module, package

    def command(self, place: Place) -> list[str]:
        """Return its module with the arguments of `serving`."""
        flags = {
            "--kafka": place.kafka,
            "--port": place.port,
            "--directory": place.directory / "shard",
            "--model": place.model,
            "--dtype": place.dtype,
            "--threads": os.cpu_count() or 1,
        }
        module = [place.python, "-m", f"tests.benchmarks.peers.{self._module}"]
        return module + [str(part) for pair in flags.items() for part in pair]

    def item(self, body: dict[str, Any]) -> Item:
        """Read the payload, which is written together with the vector."""
        return Item(body["title"], body["price"], body["reviews"], is_embedded=True)


CONTESTANTS: tuple[Contestant, ...] = (
    Freshline(),
    Peer("(a) one event, one encode (Faust)", "naive", "faust-streaming"),
    Peer("(b) Faust take", "taking", "faust-streaming"),
    Peer("(c) Quix Streams", "quix", "quixstreams"),
    Peer("(d) Pathway", "pathway_peer", "pathway"),
    Peer("(e) CocoIndex", "cocoindex_peer", "cocoindex"),
    Peer("(f) PostgreSQL, pgvector", "postgres", "pgvector"),
    Peer("(g) plain aiokafka", "plain", "aiokafka"),
)


class Running:
    """A contestant that was started, and the means to ask it."""

    def __init__(self, contestant: Contestant, place: Place) -> None:
        self.contestant, self.place = contestant, place
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers. Raises FreshlineError with its last words if it ends."""
        with (self.place.directory / "said.log").open("ab") as said:
            argv = self.contestant.command(self.place)
            self._process = subprocess.Popen(argv, stdout=said, stderr=said, start_new_session=True)
        until = time.monotonic() + START_SECONDS_MAX
        while self.status("/items/none") not in (200, 404):
            if self._process.poll() is not None or time.monotonic() > until:
                raise FreshlineError(f"{self.contestant.name} does not start: {self.last_words()}")
            time.sleep(LOOK_INTERVAL_S)

    def kill(self) -> None:
        """Kill every process of it at once, as a machine that fails does."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def last_words(self) -> str:
        """Return the last line that it wrote."""
        lines = (self.place.directory / "said.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def processes(self) -> list[psutil.Process]:
        """Return its process and all below it."""
        if self._process is None:
            return []
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def processor_seconds(self) -> float:
        """Return the processor seconds that its processes have used."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes())

    def memory_mb(self) -> float:
        """Return its memory (PSS), in megabytes of 10^6."""
        return float(sum(process.memory_full_info().pss for process in self.processes()) / 1e6)

    def status(self, path: str) -> int:
        """Return the HTTP status of a path; 0 while nobody answers."""
        try:
            with self.asking() as ask:
                return ask(path)[0]
        except FreshlineError:
            return 0

    @contextlib.contextmanager
    def asking(self) -> Iterator[Callable[[str], tuple[int, Any]]]:
        """Yield a function that asks over one connection: path -> (HTTP status, body)."""
        connection = http.client.HTTPConnection(HOST, self.place.port, timeout=60)

        def ask(path: str) -> tuple[int, Any]:
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise FreshlineError(f"{self.contestant.name} does not answer: {self.last_words()}") from error
            return answer.status, orjson.loads(said) if said else None

        try:
            yield ask
        finally:
            connection.close()

    def item(self, ask: Callable[[str], tuple[int, Any]], product_id: str) -> Item | None:
        """Return an item as it is shown; None if it is not."""
        status, body = ask(f"/items/{quote(product_id, safe='')}")
        return self.contestant.item(body) if status == 200 else None


def new_place(kafka: str, directory: Path, model: str, dtype: str, python: str) -> Place:
    """Return a place on a free port."""
    return Place(kafka, directory, free_port(), model, dtype, python)
