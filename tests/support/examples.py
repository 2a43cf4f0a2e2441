"""The number of random examples that a property is tried with: all of them in `make test`, few in `make unit`."""

from __future__ import annotations

from hypothesis import settings

QUICK_EXAMPLES_MAX = 20


def examples(count: int) -> int:
    """Return `count`, or a few of them under the Hypothesis profile `quick`, which `make unit` loads."""
    return min(count, QUICK_EXAMPLES_MAX) if settings.get_current_profile_name() == "quick" else count
