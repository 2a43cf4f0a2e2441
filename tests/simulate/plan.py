"""Plans: the events and faults of a run, made from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .alerts import make_watches
from .events import Sent, make_events

if TYPE_CHECKING:
    from schemas.watches import WatchRecord

WORKERS = ("items-0", "items-1", "index-0", "index-1")


class Fault(NamedTuple):
    """A fault of a worker."""

    step: int
    kind: str
    worker: str


@dataclass(frozen=True)
class Plan:
    """Everything that makes a run, except the choices of its scheduler."""

    events: tuple[Sent, ...]
    faults: tuple[Fault, ...]
    weights: tuple[int, ...]
    """The number of times that each actor is on the scheduler's wheel: some workers are slow for a whole run."""
    gap_steps: int
    """The fewest steps between two events."""
    watches: tuple[WatchRecord, ...]
    """The watches that are in force from the start."""


def make_plan(seed: int) -> Plan:
    """Return the plan of this seed."""
    chosen = random.Random(seed)
    events, faults = make_events(chosen), list[Fault]()
    for _ in range(chosen.choice((0, 1, 2, 2, 3))):
        faults += _faults(chosen)
    weights = tuple(chosen.choice((1, 4, 4, 4)) for _ in range(64))
    return Plan(tuple(events), tuple(sorted(faults)), weights, chosen.choice((0, 15, 30)), make_watches(chosen))


def _faults(chosen: random.Random) -> list[Fault]:
    """Return one fault, and the end of it where it has one."""
    step, worker = chosen.randrange(20, 450), chosen.choice(WORKERS)
    later = step + chosen.randrange(20, 500)
    match chosen.randrange(6):
        case 0 | 1:
            return [Fault(step, "crash", worker), Fault(later, "start", worker)]
        case 2 | 3:
            return [Fault(step, "freeze", worker), Fault(later, "thaw", worker)]
        case _:
            return [Fault(step, chosen.choice(("fail", "late")), chosen.choice(WORKERS[2:]))]
