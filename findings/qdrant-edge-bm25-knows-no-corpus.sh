#!/bin/sh
# qdrant-edge-py 0.9.0, Bm25.
# Guess: BM25 compares the length of a document with the mean length of the corpus, and a word that a query
#        repeats counts more than once.
# Seen:  lengths are compared with the constant `avg_len` of the configuration (256 words unless it is set), whatever
#        was embedded before; and each word of a query has the weight 1, however often it is repeated.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-edge-py==0.9.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from qdrant_edge import Bm25, Bm25Config, TokenizerType

bm25 = Bm25(Bm25Config(tokenizer=TokenizerType.Word))
before = bm25.embed_document("red mug").values
for _ in range(1_000):
    bm25.embed_document("big blue lamp " * 50)
after = bm25.embed_document("red mug").values
short_corpus = Bm25(Bm25Config(tokenizer=TokenizerType.Word, avg_len=2.0)).embed_document("red mug").values
query = bm25.embed_query("red red red mug").values
print("weights before", before, "after 1,000 long documents", after, "with avg_len=2", short_corpus)
print("weights of the query 'red red red mug'", query)
assert before == after and before != short_corpus
assert query == [1.0, 1.0]
PYTHON
