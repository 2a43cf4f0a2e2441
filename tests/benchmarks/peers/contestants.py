"""The contestants: Freshline and its peers, each as a command that is started, asked over HTTP, and killed."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import quote

import orjson
import psutil

from schemas.errors import FreshlineError
from schemas.items import SHOP
from stream.runtime.ports import free_port
from tests.benchmarks.peers.serving import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HERE = Path(__file__).resolve().parents[3]
START_SECONDS_MAX, STOP_SECONDS_MAX = 180.0, 60.0
LOOK_INTERVAL_S = 0.05
MARK = "FRESHLINE_BENCH_CONTESTANT"
"""The variable by which the processes of a contestant are known: a database daemon leaves the tree of its parent."""


COCOINDEX_DIRECTORY = "cocoindex"
"""The folder of the peers' environment with the newer Kafka client that CocoIndex needs and Quix Streams forbids."""


class Place(NamedTuple):
    """The folder and the addresses of a contestant."""

    kafka: str
    directory: Path
    """The folder, which begins with the catalogue: `directory/index` for Freshline, `directory/shard` for peers."""
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
    """True if its vector is that of its present text."""


class Command(NamedTuple):
    """The command line that starts a contestant."""

    argv: list[str]
    tree: Path
    """The checkout in which it runs."""
    env: Mapping[str, str]
    """The variables of its environment, besides those of the benchmark."""


class Contestant(Protocol):
    """A product of the comparison."""

    @property
    def name(self) -> str:
        """Its name in the table."""

    @property
    def package(self) -> str | None:
        """The distribution that it stands on, whose version the table names; None for this build."""

    def command(self, place: Place) -> Command:
        """Return the command that starts it."""

    def item(self, body: dict[str, Any]) -> Item:
        """Read the answer of GET /items/{product_id}."""


class Freshline:
    """A build of Freshline on the broker that all use: this one, or that of another checkout with its `.venv`."""

    package = None

    def __init__(self, name: str = "Freshline", tree: Path = HERE, **env: str) -> None:
        """`env`: further settings, by the names of their variables."""
        self.name, self._tree, self._env = name, tree, env

    def command(self, place: Place) -> Command:
        """Return `freshline up` on a broker that runs already, named in a variable that every release knows."""
        up = [str(self._tree / ".venv/bin/python"), "-m", "stream.commands", "up", "--json"]
        flags = ["--data-dir", str(place.directory), "--api-port", str(place.port)]
        return Command([*up, *flags], self._tree, {**self._env, "FRESHLINE_KAFKA": place.kafka})

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

    def __init__(self, name: str, module: str, package: str, folder: str | None = None) -> None:
        """`folder`: a folder of the peers' environment whose libraries go before the others."""
        self.name, self._module, self.package, self._folder = name, module, package, folder

    def command(self, place: Place) -> Command:
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
        return Command(module + [str(part) for pair in flags.items() for part in pair], HERE, self._env(place))

    def _env(self, place: Place) -> dict[str, str]:
        env = {"COCOINDEX_DISABLE_USAGE_TRACKING": "1"}
        return env | ({"PYTHONPATH": str(Path(place.python).parents[1] / self._folder)} if self._folder else {})

    def item(self, body: dict[str, Any]) -> Item:
        """Read the payload, which is written together with the vector."""
        return Item(body["title"], body["price"], body["reviews"], is_embedded=True)


CONTESTANTS: tuple[Contestant, ...] = (
    Freshline(),
    Peer("(a) one event, one encode (Faust)", "naive", "faust-streaming"),
    Peer("(b) Faust take", "taking", "faust-streaming"),
    Peer("(c) Quix Streams", "quix", "quixstreams"),
    Peer("(d) Pathway", "pathway_peer", "pathway"),
    Peer("(e) CocoIndex", "cocoindex_peer", "cocoindex", COCOINDEX_DIRECTORY),
    Peer("(f) PostgreSQL, pgvector", "postgres", "pgvector"),
    Peer("(g) plain aiokafka", "plain", "aiokafka"),
)


class Running:
    """A contestant that was started, and the means to ask it."""

    def __init__(self, contestant: Contestant, place: Place) -> None:
        self.contestant, self.place = contestant, place
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = uuid.uuid4().hex

    def start(self, asked: str = "/items/none") -> None:
        """Start it, and wait until it answers this path. Raises FreshlineError with its last words if it ends."""
        with (self.place.directory / "said.log").open("ab") as said:
            argv, tree, more = self.contestant.command(self.place)
            env = {**os.environ, **more, MARK: self._mark}
            self._process = subprocess.Popen(argv, cwd=tree, env=env, stdout=said, stderr=said, start_new_session=True)
        until = time.monotonic() + START_SECONDS_MAX
        while self.status(asked) not in (200, 404):
            if self._process.poll() is not None or time.monotonic() > until:
                raise FreshlineError(f"{self.contestant.name} does not start: {self.last_words()}")
            time.sleep(LOOK_INTERVAL_S)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(STOP_SECONDS_MAX)

    def kill(self) -> None:
        """Kill every process of it at once, as a machine that fails does."""
        while processes := self.processes():
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(processes)
        if self._process is not None:
            self._process.wait()

    def last_words(self) -> str:
        """Return the last line that it wrote."""
        lines = (self.place.directory / "said.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def processes(self) -> list[psutil.Process]:
        """Return the processes that carry its mark, and all below them."""
        found: set[psutil.Process] = set()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) == self._mark:
                    found |= {process, *process.children(recursive=True)}
        return list(found)

    def processor_seconds(self) -> float:
        """Return the processor seconds that its processes have used, and those of their children that have ended."""
        return self._summed(lambda process: sum(process.cpu_times()[:4]))

    def memory_mb(self) -> float:
        """Return its memory (PSS), in megabytes of 10^6."""
        return self._summed(lambda process: process.memory_full_info().pss / 1e6)

    def _summed(self, value: Callable[[psutil.Process], float]) -> float:
        total = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):  # The workers of a database come and go.
                total += value(process)
        return total

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
