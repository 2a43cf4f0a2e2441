"""The judged queries, and known items: queries of which only one item can be meant."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.catalogue import SHARED, asked_queries
from tests.oracle.hongkong import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.catalogue import Catalogue

KNOWN_ITEMS = 120
SEED = 7


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
