"""The world of one run: the broker, the index, four workers, and the checks that watch them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from stream.kafka.partitions import Partition
from stream.kafka.topics import INPUTS, ITEMS, PROGRESS
from stream.progress.watermark import Watermark

from .alerts import AlertTruth, compiled
from .events import START_MS
from .index import COLLECTION, Points
from .log import Log, new_groups
from .loop import Clock
from .plan import WORKERS
from .truth import Truth, partitions_of
from .workers import IndexProcess, ItemsProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.progress import IndexProgress

    from .choices import Choices
    from .plan import Plan
    from .process import Process

LATE_STEPS_MAX = 600


class World:
    """The state of a run that all its actors share."""

    def __init__(self, plan: Plan, choices: Choices, *, trace: bool = False) -> None:
        self.plan = plan
        self.choices = choices
        self.clock = Clock(START_MS)
        self.watches = compiled(plan.watches)
        self.truth = Truth(AlertTruth(self.watches))
        self.log = self.truth.log = Log(self.clock, self.truth.appended)
        self.points = self.truth.points = Points(self.truth.written)
        self.groups = new_groups()
        self.watermark = Watermark(COLLECTION)
        self.trace: list[str] | None = [] if trace else None
        self.steps = 0
        self.reached: Counter[str] = Counter()
        """The number of times that the run reached the situations that make a simulation worthwhile."""
        self.to_send = list(plan.events[::-1])
        self.orphans: list[tuple[int, Callable[[], str | None]]] = []
        """Requests and records that are under way from a process that is gone, or no longer waits; each with its first
        step."""
        self.heard = dict.fromkeys(partitions_of([PROGRESS]), 0)
        """The offset up to which the API has read each partition of the topic `progress`."""
        self.next_event_step = 0
        self._started = 0
        self.processes: dict[str, Any] = dict.fromkeys(("clock", "progress", "network", "session", "producer"))
        for name in WORKERS:
            self.start(name)

    @property
    def workers(self) -> list[Process]:
        """The four workers, dead ones too."""
        return [self.processes[name] for name in WORKERS]

    def note(self, what: str) -> None:
        """Add a line to the trace, if there is one."""
        if self.trace is not None:
            self.trace.append(f"{self.steps:5} {(self.clock.now_s - START_MS / 1000) * 1000:7.1f} ms  {what}")

    def start(self, name: str) -> None:
        """Start a new process of this worker."""
        self._started += 1
        kind = name.split("-")[0]
        at: dict[str, Any] = {"clock": self.clock, "log": self.log, "group": self.groups[kind]}
        if kind == "items":
            process: Process = ItemsProcess(name, self._started, **at)
            process.reader.chosen = self.choices.draw  # type: ignore[attr-defined]
        else:
            process = IndexProcess(name, self._started, self.points, self._index_says, self.watches, **at)
        self.processes[name] = process

    def revive(self) -> bool:
        """Start and thaw all workers; return whether any was away."""
        away = [process for process in self.workers if not process.runs]
        for process in away:
            process.runs = True
            if not process.alive:
                self.start(process.name)
        return bool(away)

    def arrive_late(self, arrive: Callable[[], str | None]) -> None:
        """Let something arrive later, although nobody waits for it any more."""
        self.orphans.append((self.steps + self.choices.draw(LATE_STEPS_MAX), arrive))

    def resolve_tokens(self) -> None:
        """Check the tokens that the watermark answers now."""
        for partition in partitions_of(INPUTS):
            self.truth.resolved(partition, self.watermark.searchable(partition))

    def _index_says(self, progress: IndexProgress) -> None:
        """Tell the API of an index worker at once how far its own process is."""
        self.watermark.index_progress(progress)
        self.truth.committed(Partition(ITEMS, progress.partition), progress.finished)
        self.resolve_tokens()


def shown(partition: Partition) -> str:
    """Return a partition as a trace shows it."""
    return f"{partition.topic}[{partition.number}]"
