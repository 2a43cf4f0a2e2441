"""The hook of .pre-commit-config.yaml takes a subject as CONTRIBUTING.md describes it, and no other one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]


def hook() -> re.Pattern[str]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (found,) = (hook for repo in config["repos"] for hook in repo["hooks"] if hook["id"] == "commit-subject")
    assert "commit-msg" in config["default_install_hook_types"] and found["stages"] == ["commit-msg"]
    return re.compile(found["entry"], re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "message", ["progress: report a partition at assignment", "docs: say why\n\nIt was not known.\n"]
)
def test_an_area_and_a_short_subject_are_taken(message: str) -> None:
    assert hook().search(message)


@pytest.mark.parametrize(
    "message",
    ["Report a partition", "progress: " + 63 * "x", "fixed it\n\ndocs: say why", "docs: Say why", "docs:say why", ""],
)
def test_any_other_subject_is_refused(message: str) -> None:
    assert not hook().search(message)
