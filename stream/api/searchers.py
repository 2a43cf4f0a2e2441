"""The searchers of a process: the one that answers shoppers, and those of trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidRule, RefusedRequest
from workers.merchandising.rule_records import check_words
from workers.merchandising.rules import Rules
from workers.merchandising.weights import Ranking
from workers.search.retrieval.terms import QueryTerms
from workers.search.searcher import Searcher
from workers.search.trial import GivenCosines
from workers.search.understood import UnderstandingSearch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.rules import Rule
    from stream.api.context import ServingContext
    from stream.api.trial_parameters import TrialParameters


def live_searcher(context: ServingContext) -> Searcher:
    """Return the searcher by the weights and rules in force."""
    return Searcher(
        context.collections,
        context.models,
        context.shop,
        terms=QueryTerms(context.synonyms, context.vocabulary),
        ranking=context.ranking.in_force,
        rules=context.rules.rules,
    )


def understanding_search(context: ServingContext, searcher: Searcher) -> UnderstandingSearch:
    """Return the search that reads queries before this searcher is asked."""
    return UnderstandingSearch(
        searcher, context.collections, context.shop.currency, context.vocabulary, context.synonyms
    )


def trial_searcher(context: ServingContext, trial: TrialParameters) -> Searcher:
    """Return the searcher by what a trial gives, and by what is in force otherwise. Raises RefusedRequest."""
    given, near = None if trial.weights is None else Ranking(trial.weights), trial.near
    by_model = None if near is None else GivenCosines(context.collections, near.cosines, near.cosine_min)
    return Searcher(
        by_model or context.collections,
        by_model or context.models,
        context.shop,
        terms=QueryTerms(context.synonyms, context.vocabulary),
        ranking=context.ranking.in_force if given is None else lambda: given,
        rules=context.rules.rules if trial.rules is None else _rules(trial.rules),
    )


def _rules(given: Sequence[Rule]) -> Rules:
    """Return these rules as those in force; of two of one id the last one, as on the topic. Raises RefusedRequest."""
    rules = Rules()
    for rule in given:
        try:
            check_words(rule)
        except InvalidRule as error:
            raise RefusedRequest("rules", f"{rule.id}: {error}") from None
        rules.put(rule)
    return rules
