"""Docstrings, comments and documents have none of the habits that a machine can see. CONTRIBUTING.md has the rest."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
ROOMS = ("schemas", "workers", "stream", "tests")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
PACKAGES = [path for path in SOURCES if path.name == "__init__.py" and not path.is_relative_to(ROOT / "tests")]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        ROOT / "Makefile",
        *(page for folder in ("docs", "deploy", "findings", "tests") for page in (ROOT / folder).rglob("*.md")),
    ]
)

OPENINGS = re.compile(r"(Of|That|Those|As|What|Whether|How|When|Where|Why|Who|It|They|None|So|With)\b")
"""A docstring that begins so cannot be read without the line above it."""
HEADLESS = re.compile(r"(Return|Raise|Yield|Iterate over|Measure|Print|Send|Write)s? what\b")
"""A noun says what is returned."""
ONLY_A_REFERENCE = re.compile(r"See `?[A-Z][\w.]*`?\.")
"""`@override` inherits the docstring instead."""
IDIOMS = re.compile(
    r"\b(for ever|anew|whoever|whomever|stands in for|for its sake|is there no more)\b|\bno more(?=[.,;:)]|$)",
    re.IGNORECASE,
)


class Prose(NamedTuple):
    """One docstring, comment or line, and where it is."""

    where: str
    text: str


def docstrings(path: Path) -> Iterator[Prose]:
    """Yield the docstrings of a module, and those of its classes, functions and attributes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for statement in getattr(node, "body", ()) if not isinstance(node, (ast.Lambda, ast.IfExp)) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                text = statement.value.value
                if isinstance(text, str):
                    yield Prose(f"{path.relative_to(ROOT)}:{statement.lineno}", " ".join(text.split()))


def comments(path: Path) -> Iterator[Prose]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield Prose(f"{path.relative_to(ROOT)}:{token.start[0]}", token.string.lstrip("# "))


def lines(path: Path) -> Iterator[Prose]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        yield Prose(f"{path.relative_to(ROOT)}:{number}", line)


def faults(prose: Prose, *, is_docstring: bool = False) -> list[str]:
    found = [f"{prose.where}: {match.group()!r}" for match in IDIOMS.finditer(prose.text)]
    forbidden = OPENINGS.match(prose.text) or HEADLESS.match(prose.text) or ONLY_A_REFERENCE.fullmatch(prose.text)
    if is_docstring and forbidden:
        found.append(f"{prose.where}: begins with {prose.text[:30]!r}")
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_and_comments_have_none_of_the_habits(room: str) -> None:
    sources = [path for path in SOURCES if path.is_relative_to(ROOT / room)]
    found = [fault for path in sources for prose in docstrings(path) for fault in faults(prose, is_docstring=True)]
    found += [fault for path in sources for prose in comments(path) for fault in faults(prose)]
    assert not found, "\n".join(found)


def test_documents_have_none_of_the_idioms() -> None:
    found = [fault for path in DOCUMENTS for line in lines(path) for fault in faults(line)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_every_package_says_what_is_in_it_and_where_its_neighbour_is(package: Path) -> None:
    text = ast.get_docstring(ast.parse(package.read_text(encoding="utf-8")))
    assert text and text.splitlines()[0].endswith(".")
    neighbours = re.findall(r"\bin\s+`([a-z_.]+)`", text)
    assert neighbours, (
        "what does a newcomer look for here that is elsewhere? say where, as 'The fold is in `workers.state`.'"
    )
    for name in neighbours:
        assert (ROOT / name.replace(".", "/")).is_dir(), name


@pytest.mark.parametrize(
    ("text", "is_docstring"),
    [
        ("Of each fault.", True),
        ("How many items wait.", True),
        ("None while nothing waits.", True),
        ("Return what was found.", True),
        ("See Index.", True),
        ("what is sold no more", False),
        ("It waits for ever.", False),
    ],
)
def test_the_habits_are_noticed(text: str, is_docstring: bool) -> None:
    assert faults(Prose("here", text), is_docstring=is_docstring)


def test_plain_sentences_are_not_taken_for_habits() -> None:
    for text in (
        "Wait until the queue has room for one more event.",
        "Hold no more than 30 ms.",
        "See `Index`, which waits.",
    ):
        assert not faults(Prose("here", text), is_docstring=True)
