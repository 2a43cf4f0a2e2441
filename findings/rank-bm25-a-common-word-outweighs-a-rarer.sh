#!/bin/sh
# rank-bm25 0.2.2 (Python), BM25Okapi over the titles of one category.
# Guess: the fewer titles have a word, the more it weighs; a word that tells two products apart counts.
# Seen:  a word of just half the titles weighs 0, and one of more than half weighs a quarter of the mean of all: of ten
#        titles "shoe", in six, weighs 0.39 and "black", in five, nothing. In a catalogue of two products no query finds
#        one before the other: every word weighs 0 or less. So a title that is added changes which of two words counts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rank-bm25==0.2.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from rank_bm25 import BM25Okapi

OTHERS = ("blue garden hose", "small steel pan", "long oak table", "white cotton sheet")
titles = ["shoe black"] * 5 + ["shoe red"] + list(OTHERS)
ten = BM25Okapi([title.split() for title in titles])
weights = {word: round(float(ten.idf[word]), 2) for word in ("shoe", "black", "red")}
black = [float(score) for score in ten.get_scores(["black"])]
print("of ten titles:", weights, "scores of 'black':", black)
assert weights["black"] == 0.0 < weights["shoe"] < weights["red"], "words are weighed otherwise now"
assert not any(black), "a word of half the titles finds its products now"

two = BM25Okapi([["red", "mug"], ["blue", "mug"]])
red = [float(score) for score in two.get_scores(["red"])]
print("of two titles:", {word: round(float(weight), 2) for word, weight in two.idf.items()}, "scores of 'red':", red)
assert red == [0.0, 0.0], "a word of one of two titles finds its product now"

more = BM25Okapi([title.split() for title in [*titles, "green tea"]])
print("with an eleventh title 'black' weighs", round(float(more.idf["black"]), 2))
assert more.idf["black"] > 0 < more.idf["shoe"]
PYTHON
