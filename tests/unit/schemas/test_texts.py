from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from schemas.texts import CUT_MARK, cut

texts = st.text(alphabet=st.sampled_from('a"\\é蛋😀\n…'), max_size=40)
sizes = st.integers(3, 60)


def size(text: str) -> int:
    return len(orjson.dumps(text)) - 2


@given(texts, sizes, sizes)
def test_cutting_twice_is_cutting_to_the_smaller_size(text: str, one: int, other: int) -> None:
    assert cut(cut(text, one), other) == cut(text, min(one, other))


@given(texts, sizes)
def test_a_cut_text_fits_is_a_prefix_and_says_so(text: str, bytes_max: int) -> None:
    short = cut(text, bytes_max)
    assert size(short) <= bytes_max
    if size(text) <= bytes_max:
        assert short == text
    else:
        assert short.endswith(CUT_MARK) and text.startswith(short.removesuffix(CUT_MARK))
        assert size(short) > bytes_max - 4 - 4  # at most one more character would have fit
