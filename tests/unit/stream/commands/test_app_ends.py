"""The ends of commands: by Ctrl-C, on a disk that is full, where nobody reads on; and the version."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from schemas.errors import Unavailable
from stream.commands.current_run import CommandBounds
from tests.support.running_commands import freshline

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "--api=http://127.0.0.1:9"


def ctrl_c(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("command", [["schema"], ["schema", "prices"], ["--help"], ["--version"]])
def test_output_that_a_full_disk_does_not_take_is_one_line_and_exit_1(command: list[str]) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run([sys.executable, "-m", "stream.commands", *command], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"freshline: the output cannot be written (No space left on device)")


def test_a_reader_that_has_read_enough_is_no_error_to_tell() -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "stream.commands", "schema", "prices"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert command.stdout is not None
    command.stdout.close()
    command.stdout = None
    assert command.communicate()[1] == b"" and command.returncode == 1


def test_the_version_is_that_of_the_package() -> None:
    assert freshline("--version") == (0, f"freshline {version('freshline')}\n", "")


@pytest.mark.parametrize(
    "options", [["--dry-run", "--rollback"], ["--finish", "--rollback"], ["--finish", "--model=m"]]
)
def test_a_rebuild_that_contradicts_itself_is_one_line_of_usage(options: list[str]) -> None:
    done = freshline("rebuild", *options, NOBODY)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "command",
    [
        ("replay", "\udcff", "--kafka=127.0.0.1:9"),
        ("replay", "prices", "--to-topic=\udcff", "--kafka=127.0.0.1:9"),
        ("replay", "prices", "--key=\udcff", "--kafka=127.0.0.1:9"),
        ("produce", "prices", "--kafka=\udcff:9"),
        ("status", "--api=http://\udcff"),
        ("up", "--data-dir=\udcff"),
    ],
)
def test_bytes_that_are_no_text_are_refused_before_anything_is_asked(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client of the broker waits without end for the answer to what it cannot send."""
    monkeypatch.chdir(tmp_path)
    done = freshline(*command)
    assert done.code in (1, 2) and done.err.count("\n") == 1
    assert r"\udcff" in done.err and "is not UTF-8 text" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [("get", "lamp"), ("search", "lamp"), ("status",), ("reconcile",)])
def test_a_command_closes_its_connection_to_the_api(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[httpx.Client] = []
    connect = httpx.Client.__init__

    def remembered(client: httpx.Client, **options: Any) -> None:
        opened.append(client)
        connect(client, **options)

    monkeypatch.setattr(httpx.Client, "__init__", remembered)
    freshline(*command, NOBODY, bounds=CommandBounds(away_seconds_max=0.0))
    assert [client.is_closed for client in opened] == [True]


@pytest.mark.parametrize("command", ["rebuild", "reconcile"])
def test_ctrl_c_says_that_the_work_goes_on_in_the_stack(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.commands.following.follow", ctrl_c)
    done = freshline(command, NOBODY)
    assert done.code == 130 and done.out == "" and done.err.count("\n") == 1
    assert done.err.startswith("freshline: interrupted: it goes on in the running stack; ")


def test_ctrl_c_says_what_a_search_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.client.Client.send", ctrl_c)
    done = freshline("search", "cake", "--after=prices:0:7", NOBODY)
    assert done == (130, "", "freshline: interrupted: nothing was found yet, prices:0:7 was waited for\n")


def test_ctrl_c_is_never_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.client.Client.send", ctrl_c)
    assert freshline("get", "lamp", NOBODY) == (130, "", "freshline: interrupted\n")


@pytest.mark.parametrize("command", [("list",), ("delete", "r1")])
def test_rules_wait_for_a_broker_as_long_as_other_commands_do(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed_s = list[float | None]()

    def over(_: object, seconds_max: float | None = None) -> None:
        allowed_s.append(seconds_max)
        raise Unavailable("it is away")

    monkeypatch.setattr("stream.commands.waiting.wait_out", over)
    done = freshline("rules", *command, "--kafka=127.0.0.1:9", bounds=CommandBounds(broker_seconds_max=7.0))
    assert done == (1, "", "freshline: it is away\n") and allowed_s == [7.0]
