"""The examples of docs/clients.md run as they are printed there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stream.client.endpoints import Route
from stream.client.routes import Routes
from tests.support.running_commands import serving
from tests.support.standing_in import StandIn

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8765"
EXAMPLES = [each for each in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) if ADDRESS in each]


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs_and_prints_what_its_comment_says(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(StandIn(**{"lamp-1": "Brass desk lamp"})) as address:
        exec(compile(example.replace(ADDRESS, address), "docs/clients.md", "exec"), {"__name__": "example"})
    printed = capsys.readouterr().out
    assert printed
    for said in re.findall(r"print\([^#\n]*\)  # (.*)$", example, re.MULTILINE):
        assert said in printed


def test_the_page_names_every_method_of_the_client() -> None:
    methods = {name for name, route in vars(Routes).items() if isinstance(route, Route)}
    named = set(re.findall(r"`(\w+)`", "".join(line for line in PAGE.splitlines() if line.startswith("| `"))))
    assert methods <= named, f"docs/clients.md has a table of methods, which lacks {methods - named}"


def test_the_page_names_the_version_of_instantsearch_that_lies_in_the_repository() -> None:
    library = ROOT / "deploy" / "instantsearch" / "vendor" / "instantsearch.production.min.js"
    header = library.read_text(encoding="utf-8").splitlines()[0]
    [version] = re.findall(r"InstantSearch.js (\d+\.\d+\.\d+)", header)
    assert f"`instantsearch.js` {version} " in PAGE and "MIT License" in header
