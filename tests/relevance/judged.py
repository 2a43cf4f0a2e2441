"""The judged queries, and known items: queries of which only one item can be meant."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.catalogue import SHARED, asked_queries
from tests.oracle.hongkong import rows
from workers.search.retrieval.vector_weights import query_kind
from workers.understanding.guesses import Known
from workers.understanding.read import understand
from workers.words.folding import folded
from workers.words.identity import brand_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.benchmarks.catalogue import Catalogue

KNOWN_ITEMS = 120
SEED = 7
_RUN = re.compile("[\u3400-\u9fff]{2,}")
"""A run of Chinese characters."""


class Query(NamedTuple):
    """A query, and the grades of the items that were judged for it, by product_id."""

    text: str
    grades: dict[str, int]


def judged() -> dict[str, Query]:
    """Return the judged queries of `electronics` that have a relevant item, by query_id."""
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows(SHARED / "electronics_labels.jsonl.gz"):
        grades[row["query_id"]][f"E{row['product_id']}"] = row["grade"]
    asked = {query_id: Query(text, grades[query_id]) for query_id, text in asked_queries().items()}
    return {query_id: query for query_id, query in asked.items() if any(query.grades.values())}


def part_numbers(items: Catalogue) -> dict[str, dict[str, Query]]:
    """Return queries for items whose part number no other item has, as it stands, run together, and in parts."""
    numbered = sorted(_part_number_of(items).items())
    numbered = random.Random(SEED).sample(numbered, min(KNOWN_ITEMS, len(numbered)))
    written: dict[str, Callable[[str, str], str]] = {
        "brand and part number": lambda brand, code: f"{brand} {code}",
        "part number": lambda _, code: code,
        "part number run together": lambda _, code: re.sub(r"[^0-9A-Za-z]", "", code).lower(),
        "part number in parts": lambda _, code: re.sub(r"[^0-9A-Za-z]+", " ", code),
    }
    return {
        name: {item: Query(write(items.products[item]["brand"], code), {item: 3}) for item, code in numbered}
        for name, write in written.items()
    }


def whole_titles(items: Catalogue) -> dict[str, dict[str, Query]]:
    """Return the titles of items as queries, by language, each with all items of that title."""
    of_title: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for product_id, product in items.products.items():
        for language, title in _titles(product):
            of_title[language][title][product_id] = 3
    drawn = random.Random(SEED)
    return {
        f"title, {language}": {
            f"{language}{number}": Query(title, titles[title])
            for number, title in enumerate(drawn.sample(sorted(titles), min(KNOWN_ITEMS, len(titles))))
        }
        for language, titles in of_title.items()
    }


def parts_of_titles(items: Catalogue) -> dict[str, dict[str, Query]]:
    """Return the longest run of Chinese in titles as queries, by language, each with all items whose title has it."""
    said = {
        product_id: {folded(title) for _, title in _titles(product)} for product_id, product in items.products.items()
    }
    drawn, parts = random.Random(SEED), dict[str, dict[str, Query]]()
    for name, queries in whole_titles(items).items():
        runs = {max(_RUN.findall(query.text), key=len, default="") for query in queries.values()} - {""}
        for run in drawn.sample(sorted(runs), min(KNOWN_ITEMS, len(runs))):
            having = {each: 3 for each, titles in said.items() if any(folded(run) in title for title in titles)}
            parts.setdefault(name.replace("title", "part of a title"), {})[f"{name} {run}"] = Query(run, having)
    return parts


def slices(queries: Mapping[str, Query], items: Catalogue) -> dict[str, list[str]]:
    """Return the ids of the queries by what they name: a part number, a brand beside other words, or neither."""
    brands = {brand_key(product["brand"]) for product in items.products.values() if product.get("brand")}
    found: dict[str, list[str]] = {"part number": [], "brand": [], "plain words": []}
    for query_id, query in queries.items():
        if query_kind(query.text, is_brand=False) == "part_number":
            found["part number"].append(query_id)
        else:
            named = understand(query.text, Known(brands=brands)).guesses or brand_key(query.text) in brands
            found["brand" if named else "plain words"].append(query_id)
    return found


def _titles(product: dict[str, object]) -> Iterator[tuple[str, str]]:
    title = product["title"]
    yield from title.items() if isinstance(title, dict) else [("und", str(title))]


def _part_number_of(items: Catalogue) -> dict[str, str]:
    """Return the part number in each title that no other title has."""
    codes = {
        product_id: re.findall(r"\b(?=\S*[0-9])(?=\S*[A-Z])[0-9A-Z]{2,}(?:[-/][0-9A-Z]+)+\b", str(product["title"]))
        for product_id, product in items.products.items()
    }
    times = Counter(code for found in codes.values() for code in set(found))
    return {product_id: found[0] for product_id, found in codes.items() if found and times[found[0]] == 1}
