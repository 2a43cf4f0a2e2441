"""The lexical vectors of both backends: the term weights of BM25. Qdrant's IDF modifier supplies the other factor."""

from __future__ import annotations

from qdrant_edge import Bm25, Bm25Config, SparseVector, TokenizerType

AVERAGE_WORDS = 64.0
"""The average length of a document that BM25 compares with. Shop items have from 10 to a few hundred words."""


class Lexical:
    """Turns text into sparse vectors. The multilingual tokenizer segments Chinese, which has no spaces to split at."""

    def __init__(self) -> None:
        self._bm25 = Bm25(Bm25Config(tokenizer=TokenizerType.Multilingual, avg_len=AVERAGE_WORDS))

    def document(self, text: str) -> SparseVector:
        """Return the weight of each term of a document."""
        return self._bm25.embed_document(text)

    def query(self, text: str) -> SparseVector:
        """Return the weight 1 for each term of a query. It is empty if the query has only stop words or punctuation."""
        return self._bm25.embed_query(text)
