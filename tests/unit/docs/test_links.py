"""Every link of the documents leads to a file and a heading that are there, and so does every mention in the code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = ("docs", "deploy", ".github", "tests", "stream", "findings")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])
SOURCES = sorted(path for folder in ("schemas", "workers", "stream", "tests") for path in (ROOT / folder).rglob("*.py"))
LINK = re.compile(r"\]\(([^()\s]+)\)")
MENTION = re.compile(r"\b((?:docs|deploy/decisions)/[\w/.-]+\.md(?:#[\w-]+)?)")


def _slug(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


@cache
def _anchors(page: Path) -> frozenset[str]:
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return frozenset([*map(_slug, headings), *re.findall(r'<a id="([^"]+)">', text)])


def _missing(link: str, folder: Path) -> bool:
    name, _, anchor = link.partition("#")
    page = (folder / name).resolve() if name else None
    if page is None or not page.exists():
        return True
    return bool(anchor) and anchor not in _anchors(page)


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    here = [page.name + link if link.startswith("#") else link for link in links]
    assert not [link for link in here if _missing(link, page.parent)]


def test_every_document_that_the_code_names_is_there_with_its_heading() -> None:
    mentions = {
        (str(path.relative_to(ROOT)), link)
        for path in SOURCES
        if path != Path(__file__)
        for link in MENTION.findall(path.read_text(encoding="utf-8"))
    }
    assert mentions
    assert not sorted((path, link) for path, link in mentions if _missing(link, ROOT))


def test_a_link_to_a_heading_that_is_not_there_is_noticed() -> None:
    assert _missing("docs/invariants.md#99", ROOT)
    assert not _missing("docs/invariants.md#9", ROOT)
