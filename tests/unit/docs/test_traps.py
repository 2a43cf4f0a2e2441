"""The page of traps gives versions, rows of two cells, and a link to each finding."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
FINDINGS = sorted(path.name for path in (ROOT / "findings").glob("*.sh"))


def test_every_finding_is_linked_by_the_trap_that_it_shows() -> None:
    linked = set(re.findall(r"\]\(\.\./findings/([\w-]+\.sh)\)", PAGE))
    assert FINDINGS and linked == set(FINDINGS)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_begins_with_the_versions_and_has_one_table(name: str) -> None:
    versions, *others = SECTIONS[name].strip().split("\n\n")
    assert re.search(r"\d+\.\d+", versions)
    [table] = others
    head, rule, *rows = table.splitlines()
    assert (head, rule) == ("| seen | what we do |", "| --- | --- |")
    assert rows and [row for row in rows if len(re.sub("`[^`]*`", "code", row).strip("| ").split(" | ")) != 2] == []
