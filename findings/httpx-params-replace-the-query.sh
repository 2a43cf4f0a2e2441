#!/bin/sh
# httpx 0.28.1 beside requests 2.34.2 (Python), a URL that has a query already, as the next page of an API is given.
# Guess: `params` are added to the query of the URL, as requests does, and a parameter that is None is left out.
# Seen:  they replace it: the cursor of `?page_info=abc` is gone, also where the parameters are the client's own (a key,
#        say) or an empty dict, so the first page is fetched again. None is an empty value.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check httpx==0.28.1 requests==2.34.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import httpx
import requests

NEXT = "https://shop.example/products?page_info=abc"


def of_httpx(url, params, own=None):
    return str(httpx.Client(params=own).build_request("GET", url, params=params).url).partition("?")[2]


def of_requests(url, params, own=None):
    session = requests.Session()
    session.params = own or {}
    return session.prepare_request(requests.Request("GET", url, params=params)).url.partition("?")[2]


seen = {}
for what, asked in {
    "params": (NEXT, {"limit": 50}),
    "none": (NEXT, {}),
    "the client's": (NEXT, None, {"key": "k"}),
    "None": ("https://shop.example/products", {"limit": None, "q": "lamp"}),
}.items():
    seen[what] = (of_httpx(*asked), of_requests(*asked))
    print(f"{what}: httpx {seen[what][0]!r}, requests {seen[what][1]!r}")
assert [each[0] for each in seen.values()] == ["limit=50", "", "key=k", "limit=&q=lamp"], "httpx does otherwise"
assert [each[1] for each in seen.values()] == [
    *("page_info=abc&limit=50", "page_info=abc", "page_info=abc&key=k", "q=lamp")
], "requests does otherwise"
PYTHON
