"""The reference pages say what the code says: every command, flag, route, setting and metric, and no other."""

from __future__ import annotations

import pytest
import typer.main

from stream.commands.app import app
from tests.support.reference import FOLDER, PAGES

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_there_is_one_file_for_each_page() -> None:
    assert sorted(page.name for page in FOLDER.glob("*.md")) == sorted(PAGES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_as_make_docs_writes_it(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_can_answer_in_json(name: str) -> None:
    assert any("--json" in parameter.opts for parameter in COMMANDS[name].params)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_flag_of_a_command_has_a_sentence(name: str) -> None:
    assert not [parameter.name for parameter in COMMANDS[name].params if not parameter.help]
