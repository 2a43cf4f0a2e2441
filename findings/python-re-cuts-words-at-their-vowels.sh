#!/bin/sh
# re of Python 3.11 beside regex 2026.11.15 and scikit-learn 1.9.1: \w+ as the pattern of a word.
# Guess: \w is a letter or a digit of any script, as the documentation says of Unicode, so \w+ finds the words of any.
# Seen:  vowels that are written as marks are none: हिन्दी (Hindi) is three single letters without its vowels, दाल (lentils) and
#        दिल (heart) are the same two, and a towel in Thai is four pieces. TfidfVectorizer, whose words are two such signs or
#        more, has no term for either. regex counts the marks in, as Unicode's annex on regular expressions has it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check regex==2026.11.15 scikit-learn==1.9.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import re
import sys

import regex
from sklearn.feature_extraction.text import TfidfVectorizer

for text in ("हिन्दी", "दाल", "दिल", "ผ้าเช็ดตัว"):
    print(text, "re:", re.findall(r"\w+", text), "regex:", regex.findall(r"\w+", text))
    assert regex.findall(r"\w+", text) == [text]
if sys.version_info[:2] == (3, 11):
    assert re.findall(r"\w+", "हिन्दी") == ["ह", "न", "द"], "marks are within words now"
    assert re.findall(r"\w+", "दाल") == re.findall(r"\w+", "दिल") == ["द", "ल"]
    assert len(re.findall(r"\w+", "ผ้าเช็ดตัว")) == 4
terms = TfidfVectorizer().fit(["red दाल", "red दिल"]).get_feature_names_out().tolist()
print("terms of 'red दाल' and 'red दिल':", terms)
assert terms == ["red"]
PYTHON
