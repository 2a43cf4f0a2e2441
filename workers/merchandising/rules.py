"""The rules of a shop that are in force, and the ones among them that hold for one search."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from workers.index.conditions import conditions
from workers.words.phrases import phrase_key, phrases_in
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from schemas.rules import Rule, Target
    from workers.index.conditions import Condition
    from workers.index.traits import Traits
    from workers.words.phrases import PhraseKey

RULES_MAX = 10_000
"""The most rules in force. Further ones are refused, since each takes some KB in every process."""


class RulesInForce(NamedTuple):
    """The rules that hold for one search, each kind in the order of their ids."""

    pins: tuple[Rule, ...] = ()
    buries: tuple[Rule, ...] = ()
    boosts: tuple[Rule, ...] = ()

    def is_buried(self, item: Traits) -> bool:
        """Return whether a rule puts an item behind the others."""
        return any(rule.bury is not None and is_about(rule.bury, item) for rule in self.buries)

    def boost(self, item: Traits) -> float:
        """Return the factor that the rules multiply the score of an item by: at most 1, so that no score passes an
        exact match.

        Items that are boosted keep their scores, and all others lose as much.
        """
        factor = 1.0
        for rule in self.boosts:
            factor *= boost_factor(rule, item)
        return factor


NO_RULES = RulesInForce()


class Rules:
    """The rules in force, by id. They live on one event loop."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}
        self._always: set[str] = set()
        self._exact: dict[PhraseKey, set[str]] = {}
        self._contained: dict[PhraseKey, set[str]] = {}

    def __len__(self) -> int:
        """Return the number of rules."""
        return len(self._rules)

    def __contains__(self, rule_id: str) -> bool:
        """Return whether there is a rule of this id."""
        return rule_id in self._rules

    def put(self, rule: Rule) -> None:
        """Add a rule, or replace the one of its id."""
        self.remove(rule.id)
        self._rules[rule.id] = rule
        self._ids(rule).add(rule.id)

    def remove(self, rule_id: str) -> None:
        """Remove a rule, if it is there."""
        rule = self._rules.pop(rule_id, None)
        if rule is None:
            return
        self._ids(rule).discard(rule_id)
        if rule.query is not None and not self._ids(rule):
            del self._phrases(rule)[phrase_key(rule.query)]

    def in_force(self, query: str | None, now_ms: int, typed: str | None = None) -> RulesInForce:
        """Return the rules that hold for a search at this moment; `query` is None where filters alone are asked for.

        `typed`: the query with its stop phrases, which the phrase of a rule may have as well.
        """
        if not self._rules:
            return NO_RULES
        said = {each for each in (query, typed) if each is not None}
        ids = sorted(self._always.union(*map(self._about, said)))
        rules = [rule for each in ids if _is_open(rule := self._rules[each], now_ms)]
        return RulesInForce(
            tuple(rule for rule in rules if rule.pin is not None),
            tuple(rule for rule in rules if rule.bury is not None),
            tuple(rule for rule in rules if rule.boost is not None),
        )

    def _about(self, query: str) -> set[str]:
        """Return the ids of the rules whose phrase the query is, or contains."""
        found = set(self._exact.get(phrase_key(query), ()))
        if self._contained:
            contained = phrases_in(chunks_of(query), self._contained)
            found.update(rule_id for phrase in contained for rule_id in self._contained[phrase.key])
        return found

    def _ids(self, rule: Rule) -> set[str]:
        if rule.query is None:
            return self._always
        return self._phrases(rule).setdefault(phrase_key(rule.query), set())

    def _phrases(self, rule: Rule) -> dict[PhraseKey, set[str]]:
        return self._exact if rule.match == "exact" else self._contained


def is_about(target: Target, item: Traits) -> bool:
    """Return whether an item is one that a rule is about: all that the filters of a search would let pass, at the
    item's own price."""
    if target.product_id not in (None, item.product_id):
        return False
    value_of = partial(getattr, item.own or item)
    return all(condition.holds(value_of) for condition in _conditions(target))


def boost_factor(rule: Rule, item: Traits) -> float:
    """Return the factor that one rule multiplies the score of an item by, at most 1."""
    if rule.boost is None:
        return 1.0
    most = max(1.0, rule.boost.by)
    return (rule.boost.by if is_about(rule.boost.items, item) else 1.0) / most


@lru_cache(RULES_MAX)
def _conditions(target: Target) -> list[Condition]:
    """Return the conditions of the index for a target. A search compares it with 200 items."""
    return conditions(target)


def _is_open(rule: Rule, now_ms: int) -> bool:
    starts, ends = rule.starts_at, rule.ends_at
    return (starts is None or starts <= now_ms) and (ends is None or now_ms < ends)
