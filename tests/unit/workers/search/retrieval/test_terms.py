from __future__ import annotations

import pytest

from workers.search.retrieval.terms import QueryTerms
from workers.vocabulary.vocabulary import Vocabulary
from workers.words.query import query_terms
from workers.words.synonyms import Synonyms


@pytest.mark.parametrize(
    ("query", "left_out"),
    [
        *(
            ("zz-x4411", {"x"}),
            ("P000001370", {"p"}),
            ("k-77777 toner", {"k"}),
            ("vitamin-c", set()),
            ("a4 paper", {"a"}),
        ),
        *(
            ("vitamin c", set()),
            ("c vitamin b12", {"b"}),
            ("size m", set()),
            ("iphone 15", set()),
            ("t-shirt x1", {"x"}),
        ),
        *(("vitamin-c c1000", set()), ("蛋 a", set()), ("", set())),
    ],
)
def test_the_letter_of_a_part_number_is_not_searched_for(query: str, left_out: set[str]) -> None:
    found, every = QueryTerms(Synonyms(), Vocabulary())(query), query_terms(query)
    assert every.keys() - found.keys() == left_out
    assert found == {term: weight for term, weight in every.items() if term not in left_out}
