"""What was found: how many of each outcome, and some examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from workers.compare.index_diff import FAULTS, IndexOutcome

if TYPE_CHECKING:
    from workers.compare.index_diff import Finding

EXAMPLES_MAX = 10
"""Of each fault."""


class OutcomeCounts:
    """The verdicts of one look."""

    def __init__(self) -> None:
        self._counts: Counter[IndexOutcome] = Counter()
        self._examples: defaultdict[IndexOutcome, list[dict[str, str]]] = defaultdict(list)

    def count(self, product_id: str, verdict: Finding) -> None:
        """One more item."""
        self._counts[verdict.outcome] += 1
        examples = self._examples[verdict.outcome]
        if verdict.outcome in FAULTS and len(examples) < EXAMPLES_MAX:
            examples.append({"product_id": product_id, "detail": verdict.detail})

    @property
    def faults(self) -> int:
        """How many items are not as they should be."""
        return sum(self._counts[fault] for fault in FAULTS)

    def report(self) -> dict[str, Any]:
        """As JSON: all outcomes, also those that nothing had."""
        return {
            "faults": self.faults,
            "outcomes": {outcome.value: self._counts[outcome] for outcome in IndexOutcome},
            "examples": {
                fault.value: self._examples[fault] for fault in IndexOutcome if self._counts[fault] and fault in FAULTS
            },
        }
