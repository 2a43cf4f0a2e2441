#!/bin/sh
# beautifulsoup4 4.15.0 with html.parser of Python 3.11, beside lxml 6.1.3 and html5lib 1.1: links of a shop's page.
# Guess: an attribute is what a browser makes of it: ?id=5&section=2 stays, as no entity ends without its semicolon before
#        a letter or "=" in an attribute (the standard of HTML says so).
# Seen:  html.parser, which is the parser that needs no package, reads &sect, &copy, &times, &reg, &curren, &para and &not
#        there as signs: "?id=5§ion=2". The link leads elsewhere, without an error. lxml and html5lib leave it. The same is
#        true of html.unescape() on a link that was unescaped before.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check beautifulsoup4==4.15.0 lxml==6.1.3 html5lib==1.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import html
import sys

from bs4 import BeautifulSoup

LINK = "https://shop.example/lamp?id=5&section=2&copy=3&currency=USD"
SIGNS = "https://shop.example/lamp?id=5§ion=2©=3¤cy=USD"
PAGE = f'<a href="{LINK}">Lamp</a>'

for parser in ("html.parser", "lxml", "html5lib"):
    found = BeautifulSoup(PAGE, parser).a["href"]
    print(f"{parser}: {found}")
    if parser != "html.parser":
        assert found == LINK
    elif sys.version_info[:2] == (3, 11):
        assert found == SIGNS, "html.parser reads attributes as browsers do now"
print("html.unescape:", html.unescape(LINK))
assert html.unescape(LINK) == SIGNS
PYTHON
