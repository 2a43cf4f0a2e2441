"""The options that several commands take."""

from __future__ import annotations

from typing import get_args

from stream.commands.options import Format
from workers.sources import formats


def test_the_formats_of_the_command_line_are_those_of_the_sources_and_their_envelope() -> None:
    """typer needs an enum and pydantic a literal, so the formats are listed twice."""
    assert {each.value for each in Format} == {*get_args(formats.Format), "cloudevents"}
