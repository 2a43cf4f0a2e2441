#!/bin/sh
# qdrant-edge-py 0.9.0, Bm25 with TokenizerType.Multilingual.
# Guess: a tokenizer for many languages keeps "15" of "iPhone 15", as TokenizerType.Word does.
# Seen:  every token that consists of digits alone is dropped, a GTIN included, and "vitamin D" loses its "D";
#        Word keeps the digits. A text of digits has no terms at all and can never be found.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qdrant-edge-py==0.9.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from qdrant_edge import Bm25, Bm25Config, TokenizerType

TEXTS = ("iPhone 15", "15", "AB-1234/5", "4006381333931")
terms = {
    name: {text: len(Bm25(Bm25Config(tokenizer=kind)).embed_document(text).indices) for text in TEXTS}
    for name, kind in (("Multilingual", TokenizerType.Multilingual), ("Word", TokenizerType.Word))
}
for name, counts in terms.items():
    print(name, counts)
assert terms["Multilingual"] == {"iPhone 15": 1, "15": 0, "AB-1234/5": 1, "4006381333931": 0}
assert terms["Word"] == {"iPhone 15": 2, "15": 1, "AB-1234/5": 3, "4006381333931": 1}
PYTHON
