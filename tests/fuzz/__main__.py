"""`make fuzz`: new random records and requests until MINUTES (10) are over. The first failure ends it with its smallest
input."""

from __future__ import annotations

import os
import sys
import time
from random import SystemRandom
from typing import TYPE_CHECKING, TypeVar

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.answers import SLOW, check_answers, check_path
from tests.fuzz.files import check_file, check_framed, files, framed
from tests.fuzz.http import check_http, check_queries, fuzzed_stack
from tests.fuzz.records import records

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
MINUTES = 10.0
ON_THE_PATH, IN_THE_INDEX = 2_000, 50
"""The records' lists that are tried in one round, each some 30 ms on the path and 100 ms in an index."""
FILES = 500
"""The files, and the framed records, that are tried in one round."""


def main() -> None:
    """Go on until the time is over. SEED repeats one round."""
    given_seed = os.environ.get("SEED") or None  # `make` passes an empty one where none was given.
    until_s = time.monotonic() + 60 * float(os.environ.get("MINUTES") or MINUTES)
    rounds = 0
    with fuzzed_stack() as stack:
        while rounds == 0 or (given_seed is None and time.monotonic() < until_s):
            number = int(given_seed) if given_seed else SystemRandom().randrange(2**32)
            sys.stderr.write(f"\rround {rounds + 1}, SEED={number} ")
            check_http(stack, number)
            check_queries(stack, number)
            lists = st.lists(records, max_size=8)
            _try(lists, check_path, ON_THE_PATH, number)
            _try(lists, check_answers, IN_THE_INDEX, number)
            _try(files, check_file, FILES, number)
            _try(framed, check_framed, FILES, number)
            rounds += 1
    tried_in_each = f"{ON_THE_PATH + IN_THE_INDEX} lists of records, {2 * FILES} files and framed records"
    sys.stderr.write(f"\n{rounds} rounds of {tried_in_each}, and of requests: nothing found\n")


def _try(given_to: st.SearchStrategy[T], function: Callable[[T], object], count: int, number: int) -> None:
    """Call a function with so many random values. Raises what it does, for the smallest value that leads to it."""

    @seed(number)
    @settings(SLOW, max_examples=count, database=None)
    @given(given_to)
    def one(value: T) -> None:
        function(value)

    one()


if __name__ == "__main__":
    main()
