#!/bin/sh
# Unidecode 1.4.0 beside anyascii 0.3.3 (Python), with which titles and queries are made ASCII for a search.
# Guess: signs of currencies become their codes or their names; fractions stay numbers; the two agree on what shops write.
# Seen:  to Unidecode "£5" is "PS5", so who looks for the console finds what costs five pounds, and "¥100" is "Y=100". To
#        anyascii "1½" is "11/2", as it is with NFKC. Both make 52 of 5², and Chinese reads as Mandarin, with blanks between
#        syllables in one and with capitals in the other: an index of one and a query of the other do not meet.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check unidecode==1.4.0 anyascii==0.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from anyascii import anyascii
from unidecode import unidecode

CASES = {
    "£5": ("PS5", "GBP5"),
    "¥100": ("Y=100", "Y100"),
    "€5": ("EUR5", "EUR5"),
    "1½ in": ("1 1/2 in", "11/2 in"),
    "5²": ("52", "52"),
    "麵包": ("Mian Bao ", "MianBao"),
}
for written, expected in CASES.items():
    found = unidecode(written), anyascii(written)
    print(f"{written}: {found[0]!r} and {found[1]!r}")
    assert found == expected, "it is written otherwise now"
PYTHON
