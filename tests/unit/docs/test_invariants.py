"""Each invariant names the modules that enforce it and the tests that prove it, and these name the invariant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r'<a id="(\d+)"></a>\n(.*?)(?=<a id=|\Z)', PAGE, re.DOTALL))
LINK = re.compile(r"docs/invariants\.md#(\d+)\b")


def named(text: str) -> set[str]:
    """Return the Python files that a text links to."""
    return set(re.findall(r"\]\(\.\./([^)#]+\.py)\)", text))


def test_the_invariants_are_numbered_without_a_gap() -> None:
    assert list(SECTIONS) == [str(number) for number in range(1, len(SECTIONS) + 1)]
    assert len(SECTIONS) >= 10


@pytest.mark.parametrize("number", SECTIONS)
def test_what_an_invariant_names_refers_to_it_by_its_number(number: str) -> None:
    enforced, proved = SECTIONS[number].split("- Proved by")
    product, tests = named(enforced), named(proved)
    assert product and tests
    silent = [path for path in product | tests if number not in LINK.findall((ROOT / path).read_text(encoding="utf-8"))]
    assert silent == []


def test_what_refers_to_an_invariant_is_named_there() -> None:
    sources = [path for room in ("schemas", "workers", "stream", "tests") for path in (ROOT / room).rglob("*.py")]
    links = {
        (str(path.relative_to(ROOT)), number)
        for path in sources
        if path.parent != Path(__file__).parent
        for number in LINK.findall(path.read_text(encoding="utf-8"))
    }
    assert links and {(name, number) for name, number in links if name not in named(SECTIONS[number])} == set()
