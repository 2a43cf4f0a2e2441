"""The demo from outside, with vectors that need no model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from stream.runtime.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOGUE_EVENTS = 300
DEMO = f"""
from itertools import islice
from stream.commands import main
from stream.demo import play, script
play.catalogue = lambda: islice(script.catalogue(), {CATALOGUE_EVENTS})
main()
"""
"""`freshline` whose demo has only the beginning of the catalogue."""


@contextmanager
def demo(data_dir: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo; it is killed at the end of the block if it still runs."""
    command = [
        *(sys.executable, "-c", DEMO, "demo", "--json", "--data-dir", str(data_dir)),
        *("--api-port", str(free_port()), "--kafka-port", str(free_port()), *arguments),
    ]
    environment = os.environ | {"FRESHLINE_EMBEDDER": "fake", "XDG_STATE_HOME": str(data_dir / "state")}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def below(pid: int) -> set[int]:
    """Return the process ids of all descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = set(), [pid]
    while todo:
        new = children.get(todo.pop(), [])
        found.update(new)
        todo.extend(new)
    return found


def alive(pids: set[int]) -> set[int]:
    """Return the processes that still run; a zombie does not."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            running.add(pid)
    return running


def test_the_demo_ends_by_itself_a_second_start_goes_on_and_ctrl_c_stops_every_child(tmp_path: Path) -> None:
    with demo(tmp_path, "--seconds", "3", "--rate", "50") as first:
        out, err = first.communicate()
    assert first.returncode == 0, err
    summary = json.loads(out)
    assert summary["catalogue_events"] == CATALOGUE_EVENTS and summary["changes"] > 50 and summary["items"] > 50
    assert summary["first_search_seconds"] is not None and "first answer" in err
    seen = summary["freshness_seconds"]["price"]
    assert 0 < seen["events"] <= summary["changes"], "the catalogue's prices are not counted"
    assert seen["p50"] <= seen["p99"]

    with demo(tmp_path) as second:
        assert second.stderr is not None
        lines = list(takewhile(lambda line: not line.startswith("replaying"), second.stderr))
        children = below(second.pid)
        assert len(children) >= 4  # up, broker, items worker, index worker
        os.killpg(second.pid, signal.SIGINT)
        out, _ = second.communicate()
    again = json.loads(out)
    assert second.returncode == 0 and not alive(children)
    assert any("going on with the changes" in line for line in lines)
    assert again["catalogue_events"] == 0 and again["items"] >= summary["items"]
    assert json.loads((tmp_path / "demo.json").read_text())["changes"] == summary["changes"] + again["changes"]
