"""Collections of a worker's heap stay short however much it holds, and what it frees goes back to the system."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys

import pytest

from tests.support.waiting import HANG_S
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

FREE_PAGES_ARE_RETURNED = """
from pathlib import Path
from workers.memory import trim_regularly

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) << 12

blocks = [bytes(100_000) for _ in range(1_000)]
last = bytes(100_000)
before = resident()
del blocks
assert before - resident() < 10_000_000, "glibc returned them by itself"
trim_regularly(interval_s=0.01)
while before - resident() < 50_000_000:
    pass
"""


def test_what_survived_a_full_collection_is_not_looked_at_again() -> None:
    subprocess.run([sys.executable, "-c", SURVIVORS_ARE_FROZEN], check=True)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps them")
def test_free_pages_between_those_in_use_are_returned_to_the_system() -> None:
    subprocess.run([sys.executable, "-c", FREE_PAGES_ARE_RETURNED], check=True, timeout=HANG_S)


def test_the_collector_is_on_again_after_imports_that_fail() -> None:
    with pytest.raises(ImportError), uncollected():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
