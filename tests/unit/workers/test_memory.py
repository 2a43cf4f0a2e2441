"""Collections of a worker's heap stay short however much it holds."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from workers.memory import uncollected

SURVIVORS_ARE_FROZEN = """
import gc
from workers.memory import freeze_survivors
freeze_survivors()
freeze_survivors()
before = gc.get_freeze_count()
held = [[number] for number in range(1_000)]
gc.collect(1)
assert gc.get_freeze_count() == before, "a young collection freezes nothing"
gc.collect()
assert gc.get_freeze_count() >= before + len(held), "what survived a full collection is not looked at again"
"""


def test_what_survived_a_full_collection_is_not_looked_at_again() -> None:
    subprocess.run([sys.executable, "-c", SURVIVORS_ARE_FROZEN], check=True)


def test_the_collector_is_on_again_after_imports_that_fail() -> None:
    with pytest.raises(ImportError), uncollected():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
