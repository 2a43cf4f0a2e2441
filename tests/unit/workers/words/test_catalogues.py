"""Properties of the words of real titles: of the demo's, and in `make relevance` of whole catalogues."""

from __future__ import annotations

import opencc
import pytest

from stream.demo.rows import rows
from tests.relevance.properties import lost_numbers, lost_titles, other_in_the_other_script
from tests.support.contents import content


@pytest.fixture(scope="module")
def english() -> list[str]:
    """Titles of electronics, with all that is hard in them: part numbers, sizes, signs."""
    return [row["title"] for row in rows("electronics_products")]


@pytest.fixture(scope="module")
def chinese() -> list[str]:
    """Titles of groceries in both scripts."""
    return [row["name"][script] for row in rows("hk_snapshot_start") for script in ("tc", "sc") if row["name"][script]]


def test_there_are_titles_to_look_at(english: list[str], chinese: list[str]) -> None:
    assert len(english) > 500 and len(chinese) > 500


def test_a_title_as_it_is_typed_has_a_term_that_only_its_items_have(english: list[str], chinese: list[str]) -> None:
    assert lost_titles([*english, *chinese]) == []


def test_no_number_of_a_title_is_ignored(english: list[str], chinese: list[str]) -> None:
    assert lost_numbers([*english, *chinese]) == []


def test_both_chinese_scripts_ask_for_the_same_terms(chinese: list[str]) -> None:
    assert other_in_the_other_script(chinese) == []


def test_the_properties_see_what_is_lost() -> None:
    assert opencc.OpenCC("s2t").convert("面包") != "面包", "the other script is another text"
    assert content(title={"und": "x"})["title"] == {"und": "x"}
