"""The lexical vectors of both backends: BM25 term weights; Qdrant's IDF modifier supplies the other half."""

from __future__ import annotations

from qdrant_edge import Bm25, Bm25Config, SparseVector, TokenizerType

AVERAGE_WORDS = 64.0
"""Expected length of a document, to which BM25 compares; shop items run from 10 to a few hundred words."""


class Lexical:
    """Words to sparse vectors. The multilingual tokenizer segments Chinese, which has no spaces to split at."""

    def __init__(self) -> None:
        self._bm25 = Bm25(Bm25Config(tokenizer=TokenizerType.Multilingual, avg_len=AVERAGE_WORDS))

    def document(self, text: str) -> SparseVector:
        """Weight of each term in a document."""
        return self._bm25.embed_document(text)

    def query(self, text: str) -> SparseVector:
        """Weight 1 for each term of a query; empty if it has only stop words or punctuation."""
        return self._bm25.embed_query(text)
