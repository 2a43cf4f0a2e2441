"""The findings of a comparison: how many there are of each outcome, and some examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from workers.compare.index_diff import FAULTS, IndexOutcome

if TYPE_CHECKING:
    from workers.compare.index_diff import IndexFinding

EXAMPLES_MAX = 10
"""The most examples that are reported of each fault."""


class OutcomeCounts:
    """The findings of one or more looks, counted by outcome."""

    def __init__(self) -> None:
        self._counts: Counter[IndexOutcome] = Counter()
        self._examples: defaultdict[IndexOutcome, list[dict[str, str]]] = defaultdict(list)

    def count(self, product_id: str, finding: IndexFinding) -> None:
        """Count the finding on one item."""
        self._counts[finding.outcome] += 1
        examples = self._examples[finding.outcome]
        if finding.outcome in FAULTS and len(examples) < EXAMPLES_MAX:
            examples.append({"product_id": product_id, "detail": finding.detail})

    @property
    def faults(self) -> int:
        """The number of items that are not as they should be."""
        return sum(self._counts[fault] for fault in FAULTS)

    def report(self) -> dict[str, Any]:
        """Return the counts as JSON, with every outcome, also those that no item has."""
        return {
            "faults": self.faults,
            "outcomes": {outcome.value: self._counts[outcome] for outcome in IndexOutcome},
            "examples": {
                fault.value: self._examples[fault] for fault in IndexOutcome if self._counts[fault] and fault in FAULTS
            },
        }
