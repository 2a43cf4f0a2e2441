"""A command finds the stack of its own directory, and never guesses between two."""

from __future__ import annotations

import fcntl
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from schemas.errors import Misconfigured
from stream.runtime.stacks import LOCK_FILE, STACK_FILE, Stack, find_stack, record_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Stack]

DATA_DIR = Path(".freshline")


@pytest.fixture(autouse=True)
def _own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as locks:

        def start(name: str, *, runs: bool = True) -> Stack:
            stack = Stack(f"{name}:9092", f"http://{name}", tmp_path / name / DATA_DIR)
            stack.data_dir.mkdir(parents=True, exist_ok=True)
            lock = locks.enter_context((stack.data_dir / LOCK_FILE).open("wb"))
            if runs:
                fcntl.flock(lock, fcntl.LOCK_EX)
            record_stack(stack)
            return stack

        yield start


def test_it_is_the_stack_of_the_nearest_directory_upwards(tmp_path: Path, up: Start) -> None:
    one, other = up("one"), up("other")
    deep = tmp_path / "one" / "a" / "b"
    deep.mkdir(parents=True)
    assert find_stack(DATA_DIR, deep) == find_stack(DATA_DIR, tmp_path / "one") == one
    assert find_stack(DATA_DIR, tmp_path / "other") == other


def test_elsewhere_it_is_the_only_one_that_runs(tmp_path: Path, up: Start) -> None:
    running = up("one")
    up("stopped", runs=False)
    assert find_stack(DATA_DIR, tmp_path) == running


def test_where_several_run_they_are_named_and_none_is_taken(tmp_path: Path, up: Start) -> None:
    up("one"), up("other")
    with pytest.raises(Misconfigured, match=r"2 stacks run on this machine: http://one .*http://other .*--kafka"):
        find_stack(DATA_DIR, tmp_path)


def test_one_that_is_started_again_just_now_is_found_still(tmp_path: Path, up: Start) -> None:
    assert find_stack(DATA_DIR, tmp_path) is None
    up("first", runs=False)
    last = up("last", runs=False)
    assert find_stack(DATA_DIR, tmp_path) == last and not last.runs


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{}", b'{"kafka":1}', b"\xff"])
def test_a_damaged_file_is_passed_over(tmp_path: Path, up: Start, damaged: bytes) -> None:
    running = up("one")
    up("two", runs=False)
    (tmp_path / "two" / DATA_DIR / STACK_FILE).write_bytes(damaged)
    assert find_stack(DATA_DIR, tmp_path / "two") == running


def test_where_the_list_of_the_machine_cannot_be_written_the_directory_finds_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "read-only").touch()  # A file where a directory is needed is refused to root as well.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "read-only"))
    stack = Stack("one:9092", "http://one", tmp_path / DATA_DIR)
    [sentence] = record_stack(stack)
    assert "read-only" in sentence and "let this user write in" in sentence and "--api" in sentence
    assert find_stack(DATA_DIR, tmp_path) == stack
