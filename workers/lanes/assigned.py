"""The partitions that a worker works for, as its lanes ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class AssignedPartitions(Protocol):
    """The assignment of this worker, as far as the lanes need it."""

    @property
    def partitions(self) -> Collection[int]:
        """The partitions of the item log that are assigned to this worker now."""
