from __future__ import annotations

import pytest

from workers.sources.markup import text_of


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Oak <strong>frob</strong>wood&nbsp;top</p>", "Oak frobwood top"),
        ("<ul><li>Red</li><li>Blue</li></ul>", "Red Blue"),
        ("x<y mug", "x<y mug"),
        ("AT&amp;T", "AT&T"),
        ("<style>.a{color:red}</style>Cup<!-- new --><br/>blue", "Cup blue"),
        ("<p></p>", None),
        ("", None),
        (None, None),
    ],
)
def test_words_stay_whole_within_a_tag_and_apart_at_the_end_of_a_block(html: str | None, text: str | None) -> None:
    assert text_of(html) == text


def test_comments_scripts_and_styles_are_left_out_and_what_is_not_closed_stays() -> None:
    html = "a<!-- x -->b <script>q</script >c<STYLE>z</style>d <script>open <!-- too"
    assert text_of(html) == "a b c d open <!-- too"


def test_a_text_of_tags_that_nobody_closes_takes_no_quadratic_time() -> None:
    """A quadratic search would take many minutes."""
    assert len(text_of("<script x " * 100_000) or "") == 999_999
