"""Small bounds of the workers' queues, so that they are reached; and the most that a queue ever held.

A worker writes it down itself, at each record that comes: a look from outside comes too late for a wave.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import stream.items.publisher as publishing
from stream.kafka.topics import INPUTS
from workers.lanes import lane_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SMALL = "small-queues"
"""The file in the folder of a worker that is to have small bounds."""
BOUNDS = {"items": publishing.BOUNDS.in_flight_max, "index": lane_order.BOUNDS.pending_items_max}
"""The product's own bounds."""
HELD_MAX = {"items": 60, "index": 30}
"""Small bounds, below the number of products, by which the lanes are keyed: 5,000 would never be reached."""
BEYOND = {"items": len(INPUTS) - 1, "index": lane_order.BOUNDS.batch_items_max}
"""The number of records beyond its bound that a queue may hold. The same free place may admit one event of each topic,
and a record that is being written may come back into full lanes as a new text."""
WORDS = {"items": "events taken and not confirmed", "index": "items in the lanes"}


class Most:
    """The most that one process held since the file was removed."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name}-most-{os.getpid()}.number"
        self._most = -1

    def look(self, held: int) -> None:
        """Write the number down if it is the largest so far."""
        if not self._file.exists():
            self._most = -1
        if held > self._most:
            self._most = held
            new = self._file.with_suffix(".new")
            new.write_text(str(held))
            new.replace(self._file)


def bound(name: str) -> None:
    """Set small bounds in the worker's process before it starts."""
    if name == "items":
        publishing.BOUNDS = publishing.BOUNDS._replace(in_flight_max=HELD_MAX[name])
    else:
        lane_order.BOUNDS = lane_order.BOUNDS._replace(pending_items_max=HELD_MAX[name])


def watch(folder: Path, name: str) -> None:
    """Write into this folder how full the queues were; called in the worker's process before it starts."""
    most = Most(folder, name)
    if name == "items":
        _look_after(publishing.Publisher, "ack_after", lambda publisher: most.look(publisher._in_flight))
    else:
        for function in ("put_now", "put_texts"):
            _look_after(lane_order.PriorityQueues, function, lambda waiting: most.look(len(waiting)))


def _look_after(owner: type, function: str, look: Callable[[Any], None]) -> None:
    """Call `look` after each call of the function; of a coroutine function that is before the coroutine begins."""
    real = getattr(owner, function)

    @functools.wraps(real)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        done = real(self, *args, **kwargs)
        look(self)
        return done

    setattr(owner, function, wrapped)


def forget(folder: Path) -> None:
    """Delete the records of what the queues held until now."""
    for file in _files(folder, "*"):
        file.unlink()


def most_held(folder: Path, name: str) -> int | None:
    """Return the most that any worker of this kind held; None if none wrote it down."""
    return max((int(file.read_text()) for file in _files(folder, name)), default=None)


def _files(folder: Path, name: str) -> list[Path]:
    """Return the files of one stack, whose workers share its folder or have folders of their own in it."""
    return [*folder.glob(f"{name}-most-*.number"), *folder.glob(f"*/told/{name}-most-*.number")]


def beyond_bounds(folder: Path, bounds: Mapping[str, int]) -> list[str]:
    """Return a sentence for each queue that passed its bound, or whose number no worker wrote down."""
    found = []
    for name, words in WORDS.items():
        most, allowed = most_held(folder, name), bounds[name] + BEYOND[name]
        if most is None:
            found.append(f"{words}: nobody told how many there were")
        elif most > allowed:
            found.append(f"{most} {words}, above the bound of {allowed}")
    return found


def below_bounds(folder: Path) -> list[str]:
    """Return a sentence for each queue that was never full, so that nothing is proven of its bound."""
    held = {name: most_held(folder, name) or 0 for name in WORDS}
    return [
        f"at most {most} {WORDS[name]}: never full at {HELD_MAX[name]}"
        for name, most in held.items()
        if most < HELD_MAX[name]
    ]
