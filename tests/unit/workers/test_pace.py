"""The rest after a step: none below half load, and never long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pace import BUSY_SHARE_MAX, REST_SECONDS_MAX, rest_seconds

SECONDS = st.floats(0, 10, allow_nan=False)


@given(SECONDS, SECONDS)
def test_a_thread_below_half_load_does_not_rest(idle_s: float, busy_s: float) -> None:
    elapsed_s = 2 * busy_s + idle_s
    assert rest_seconds(busy_s, elapsed_s) == 0


@given(SECONDS, st.floats(0, 0.05))
def test_a_thread_above_half_load_rests_until_half_of_the_time_was_idle(elapsed_s: float, over_s: float) -> None:
    busy_s = elapsed_s * BUSY_SHARE_MAX + over_s
    rest_s = rest_seconds(busy_s, elapsed_s)
    assert 0 <= rest_s <= REST_SECONDS_MAX
    if rest_s < REST_SECONDS_MAX:
        assert busy_s == pytest.approx(BUSY_SHARE_MAX * (elapsed_s + rest_s), abs=1e-9)
