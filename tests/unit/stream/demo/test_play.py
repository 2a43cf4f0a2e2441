"""The demo prints the lines that the README shows of it."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

from stream.demo import play

if TYPE_CHECKING:
    from collections.abc import Iterator

README = Path(__file__).parents[4] / "README.md"


def printed() -> Iterator[re.Pattern[str]]:
    """Yield a pattern for each line that the demo prints with words of its own; a value may be any text."""
    for node in ast.walk(ast.parse(inspect.getsource(play))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "say":
            parts = node.args[0].values if isinstance(node.args[0], ast.JoinedStr) else [node.args[0]]
            texts = [str(part.value) if isinstance(part, ast.Constant) else None for part in parts]
            if any(text and text.strip() for text in texts):
                yield re.compile("".join(".+" if text is None else re.escape(text) for text in texts))


def test_each_line_of_the_demo_in_the_readme_is_one_that_the_demo_prints() -> None:
    block = re.search(r"^\$ make demo.*?\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert block
    shown, patterns = block[1].splitlines(), list(printed())
    assert len(shown) >= 5
    assert [line for line in shown if not any(pattern.fullmatch(line) for pattern in patterns)] == []
    assert not any(pattern.fullmatch("         searching 'flour': found") for pattern in patterns)
