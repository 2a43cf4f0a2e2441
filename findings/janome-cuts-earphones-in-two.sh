#!/bin/sh
# janome 0.5.1 (Python), with the dictionary that it brings, over titles and queries of a Japanese shop.
# Guess: a word is cut in a query as it is within a title, so a search for earphones finds wireless earphones.
# Seen:  a run of katakana that the dictionary has not is one token, however many words it is made of, and a shorter one is
#        cut where parts of it are words: ワイヤレスイヤホン (wireless earphones) is one token, and イヤホン alone is イヤ (no) and
#        ホン (phon). スマホケース is one, so ケース (case) does not find it. A number is cut at its point: 1.5L is 1, ., 5, L.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check janome==0.5.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from janome.tokenizer import Tokenizer

CASES = {
    "ワイヤレスイヤホン": ["ワイヤレスイヤホン"],
    "イヤホン": ["イヤ", "ホン"],
    "スマホケース": ["スマホケース"],
    "ケース": ["ケース"],
    "1.5L": ["1", ".", "5", "L"],
}
tokenizer = Tokenizer()
for text, expected in CASES.items():
    found = list(tokenizer.tokenize(text, wakati=True))
    print(text, "is", *found)
    assert found == expected, "it is cut otherwise now"
PYTHON
