"""The shell examples of the README work as they are printed there, against a real stack."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.running_stack import running_stack
from tests.support.waiting import HANG_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.running_stack import RunningStack

README = Path(__file__).parents[2] / "README.md"
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
API = "127.0.0.1:8765"
VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+(?:[.,]\d+)*(?: (?:s|min) ago)?")


class Example(NamedTuple):
    """A command line, and the lines that the README shows below it."""

    command: str
    shown: list[str]


def examples() -> Iterator[Example]:
    for block in SHELL_BLOCK.findall(README.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            yield Example(command, shown)


def without_figures(line: str) -> str:
    """Return the line with times, sizes and ids made alike, which differ from run to run."""
    return " ".join(VARYING.sub("N", line).split())


def is_shown(line: str, output: list[str]) -> bool:
    """Return whether a line of the README is in the output; one that ends with "..." is the beginning of a line."""
    wanted = without_figures(line)
    if wanted.endswith("..."):
        return any(without_figures(other).startswith(wanted.removesuffix("...").rstrip()) for other in output)
    return wanted in map(without_figures, output)


def run(example: Example, stack: RunningStack) -> subprocess.CompletedProcess[str]:
    commands = str(Path(sys.executable).parent)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", example.command.replace(API, stack.api.removeprefix("http://"))],
        cwd=stack.folder,
        env=os.environ
        | {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(stack.folder / "state"),
            "COLUMNS": "140",
            "no_proxy": "*",
        },
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )


def test_every_example_ends_well_and_prints_the_lines_that_are_shown(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        for example in examples():
            done = run(example, stack)
            output = (done.stdout + done.stderr).splitlines()
            assert done.returncode == 0, f"$ {example.command}\n{done.stdout}{done.stderr}"
            assert not [line for line in example.shown if not is_shown(line, output)], f"$ {example.command}\n{output}"


def test_the_readme_has_examples_and_some_show_their_output() -> None:
    assert len(list(examples())) >= 5
    assert any(example.shown for example in examples())


def test_a_line_that_is_not_printed_is_noticed() -> None:
    assert is_shown("found after 12 ms ...", ["found after 31 ms and more"])
    assert not is_shown("2 sent, 1 invalid", ["2 sent, 1 failed"])
