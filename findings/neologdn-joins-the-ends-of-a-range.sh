#!/bin/sh
# neologdn 0.5.6 (Python), normalize, which Japanese search engines run over titles and queries before they are cut.
# Guess: it unifies widths and long vowels; amounts stay what they are.
# Seen:  the sign of a range is left out: 23〜25cm is 2325cm, 5000〜10000円 is 500010000円, S〜L is SL. And a hyphen of full
#        width, as Japanese shops write it in a model number, becomes the sign of a long vowel, so WH－1000 is not WH-1000.
#        tilde="normalize" keeps the range.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check neologdn==0.5.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from neologdn import normalize

CASES = {
    "靴 23〜25cm": "靴2325cm",
    "5000〜10000円": "500010000円",
    "S〜L": "SL",
    "WH－1000": "WHー1000",
    "WH-1000": "WH-1000",
}
for written, expected in CASES.items():
    found = normalize(written)
    print(f"{written} is {found}; with tilde='normalize' {normalize(written, tilde='normalize')}")
    assert found == expected, "it is normalised otherwise now"
assert normalize("靴 23〜25cm", tilde="normalize") == "靴23~25cm"
PYTHON
