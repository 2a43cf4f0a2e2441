"""`make help` lists every target that a person types, with a sentence."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_make_help_lists_every_target_with_a_sentence() -> None:
    targets = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [line.split()[1] for line in shown.splitlines()] == targets
    assert all(len(line.split()) > 3 for line in shown.splitlines())


def test_every_target_that_the_contributors_page_names_is_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {target for found in re.findall(r"`make ([a-z\- ]+)`", page) for target in found.split()}
    assert named <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert named >= {"check", "unit", "test"}
