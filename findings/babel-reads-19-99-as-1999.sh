#!/bin/sh
# babel 2.19.0 (Python), parse_decimal with the locale of the shop.
# Guess: a price that is written in the way of another country is refused, as its sign of thousands stands in no such place.
# Seen:  signs of thousands are taken out wherever they stand: "19.99" is 1999 in German, "19,99" is 1999 in English and
#        "1,5" is 15. With strict=True each is refused.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check babel==2.19.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from babel.numbers import NumberFormatError, parse_decimal

CASES = {("19.99", "de"): 1999, ("19,99", "en"): 1999, ("1,5", "en"): 15, ("1.5", "es"): 15, ("1,29,999", "en"): 129999}
for (text, locale), expected in CASES.items():
    found = parse_decimal(text, locale=locale)
    try:
        strictly = parse_decimal(text, locale=locale, strict=True)
    except NumberFormatError:
        strictly = "refused"
    print(f"{text!r} in {locale}: {found}, strictly {strictly}")
    assert found == expected, "it is read otherwise now"
    assert strictly == "refused", "strict=True takes it now"
PYTHON
