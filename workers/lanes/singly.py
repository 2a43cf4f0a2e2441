"""Writing a batch to the index so that an item whose point cannot be written is refused alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import FreshlineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from workers.index.writes import Write

UNWRITABLE = (ValueError, TypeError, OverflowError)
"""The errors of a client of the index at a payload that it cannot write, such as a whole number of more than 64 bits.
An index that is away, or refuses a request, raises others."""


async def write_or_single_out(
    write: Callable[[Sequence[Write]], Awaitable[set[str]]], writes: Sequence[Write]
) -> tuple[set[str], dict[str, Exception]]:
    """Write all, or each by itself where they cannot be written together, which is as good: a write may be repeated.

    Returns (the items whose points changed meanwhile, errors by product_id). Raises what `write` does, but for the
    errors of single items; and these too where no item of several can be written, as that is the fault of none.
    """
    try:
        return await write(writes), {}
    except UNWRITABLE as error:
        if isinstance(error, FreshlineError):
            raise
        if len(writes) == 1:
            return set(), {writes[0].product_id: error}
        first = error
    missed: set[str] = set()
    errors: dict[str, Exception] = {}
    for each in writes:
        found, failed = await write_or_single_out(write, [each])
        missed |= found
        errors |= failed
    if len(errors) == len(writes):
        raise first
    return missed, errors
