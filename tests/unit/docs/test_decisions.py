"""Every decision follows the template, and the index lists it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "deploy" / "decisions"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
STATUS = re.compile(r"^- Status: (proposed|accepted|replaced by \[\d+\]\(.*?\))(; .+)?$", re.MULTILINE)
DATE = re.compile(r"^- Date: (\d{4}-\d\d-\d\d)", re.MULTILINE)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem[:4])
def test_a_decision_has_a_status_a_date_and_the_parts_of_the_template(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert text.startswith(f"# {int(path.stem[:4])}. ")
    assert STATUS.search(text)
    assert DATE.search(text)
    assert headings in (parts := ["Context", "Decision", "Consequences", "Measurements"], parts[:3])


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem[:4])
def test_the_index_has_a_decision_with_its_title_status_and_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    number, title = text.splitlines()[0].removeprefix("# ").split(". ", 1)
    status, date = STATUS.search(text), DATE.search(text)
    assert status and date
    said = re.sub(r"\[(\d+)\]\(.*?\)", r"\1", status[1])
    row = f"| {number} | [{title}]({path.name}) | {said} | {date[1]} |"
    assert row in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
