"""Says in sentences why a query finds an item where it does, or what would have to change. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.texts import values_in_words

if TYPE_CHECKING:
    from schemas.explanations import Explanation, FilterCheck

_BOUNDS = {"min_price": "below", "max_price": "above", "min_rating": "below"}


def advice(explanation: Explanation, *, vector_due: bool) -> list[str]:
    """Return the sentences, the most important one first. `vector_due`: the embedding of the item is pending."""
    if not explanation.in_index:
        return ["The index has no such item: no event of it ever came, or it is still on its way. See its life."]
    if explanation.status == "delisted":
        return ["The item is delisted: search shows it again after an upsert that is newer than its delete."]
    if explanation.status == "parked":
        return ["The item is parked, since it has no title yet: search shows it after an upsert of its product."]
    failing = [_failing(check) + _read_in(explanation, check.name) for check in explanation.filters if not check.passes]
    return (failing or _ranked(explanation, vector_due=vector_due)) + _reading(explanation)


def _read_in(explanation: Explanation, name: str) -> str:
    """Return the words of the query that the search takes for this filter, as the end of a sentence about it."""
    guesses = explanation.understood.guesses if explanation.understood else []
    words = next((each.words for each in guesses if each.used == "filter" and name in each.filters), None)
    return "" if words is None else f" The search reads this filter in {words!r}."


def _reading(explanation: Explanation) -> list[str]:
    """Return how the search reads the query, where it does not look for the very words."""
    sentences = [f"{step.how[:1].upper()}{step.how[1:]}." for step in explanation.relaxed]
    if explanation.searched_for is None:
        sentences.append("All of the query is read as filters, so no word of it is looked for.")
    elif explanation.searched_for != explanation.query:
        sentences.append(f"The search looks for {explanation.searched_for!r}.")
    return sentences


def _failing(check: FilterCheck) -> str:
    wanted = values_in_words(check.wanted)
    if check.has in (None, []):
        return f"It fails {check.name} = {wanted}: the item has no value there."
    if check.name in _BOUNDS:
        return f"It fails {check.name} = {wanted}: its value {check.has} is {_BOUNDS[check.name]} it."
    has = ", ".join(map(str, check.has)) if isinstance(check.has, list) else check.has
    return f"It fails {check.name} = {wanted}: it has {has}."


def _ranked(explanation: Explanation, *, vector_due: bool) -> list[str]:
    said = [word.word for word in explanation.words if word.fields]
    missing = [word.word for word in explanation.words if not word.fields]
    sentences = []
    if explanation.exact:
        sentences.append("The query has its product_id or GTIN, which puts it first.")
    if explanation.answered.rank is None:
        sentences.append(f"It is not among the first {explanation.answered.ranked} items that the query finds.")
        sentences += _weakly_said(explanation)
    else:
        sentences.append(
            f"It is number {explanation.answered.rank} of {explanation.answered.ranked} that the query finds."
        )
        sentences += [*_weighed(explanation), *_ruled(explanation)]
    if explanation.searched_for is None:
        return sentences
    if not said and not explanation.exact:
        sentences.append("No word of the query is in its texts: add one to its title, description or attributes.")
    elif missing:
        sentences.append(f"Its texts do not have: {', '.join(missing)}.")
    return sentences + _by_vector(explanation, vector_due=vector_due)


def _weighed(explanation: Explanation) -> list[str]:
    if explanation.fused.rank in (None, explanation.answered.rank):
        return []
    sentences = [f"By relevance alone it would be number {explanation.fused.rank}."]
    if explanation.weight < 1:
        name, _ = min(explanation.factors.items(), key=lambda factor: factor[1].factor)
        sentences.append(f"Its weight is {explanation.weight:.2f}, and {name} takes the most from it.")
    return sentences


def _ruled(explanation: Explanation) -> list[str]:
    said = {"pin": "pins it where it is", "bury": "puts it behind the others"}
    return [f"The rule {rule.id} {said[rule.action]}." for rule in explanation.rules if rule.action in said]


def _weakly_said(explanation: Explanation) -> list[str]:
    score, least = explanation.by_words.score, explanation.words_min
    if score is None or score >= least:
        return []
    return [f"Its texts have too little of the query: they score {score:.2f}, and a result needs {least:.2f}."]


def _by_vector(explanation: Explanation, *, vector_due: bool) -> list[str]:
    cosine, least = explanation.by_vectors.score, explanation.cosine_min
    if least is None:
        return ["The query has no vector now (the model loads or hangs), so words alone count."]
    if not explanation.vector_weight:
        return ["The query is a brand, so vectors do not count."]
    if vector_due:
        return ["The embedding of its present text is pending: until then an older vector counts, or none."]
    if cosine is not None and cosine < least:
        return [f"Its cosine {cosine:.2f} is below {least:.2f}, under which a vector alone is no answer."]
    return []
