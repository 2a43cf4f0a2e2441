"""The client of deploy/instantsearch alone, in Node.js: each page that it offers is one that the API answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT = Path(__file__).parents[2] / "deploy" / "instantsearch" / "freshline.js"
NODE = shutil.which("node")
PROGRAM = """
import { readFileSync } from "node:fs";
const [file, params, indexName, facets] = process.argv.slice(1);
const source = readFileSync(file, "utf8");
const { freshlineSearchClient } = await import("data:text/javascript," + encodeURIComponent(source));
const asked = [];
const hit = { product_id: "lamp-1", category: [] };
globalThis.fetch = async (url) => {
  asked.push(Object.fromEntries(new URL(url).searchParams));
  const found = { hits: [hit], total: 25000, total_is_exact: true, facets: JSON.parse(facets), took_ms: 1 };
  return { ok: true, json: async () => found };
};
const client = freshlineSearchClient({ api: "http://shop" });
const { results } = await client.search([{ indexName, params: JSON.parse(params) }]);
console.log(JSON.stringify({ asked, result: results[0] }));
"""


def page(
    *, index_name: str = "items", facets: Mapping[str, Any] = MappingProxyType({}), **params: Any
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the parameters that the API is asked with, and the result that InstantSearch gets. 25,000 are found,
    counted as in `facets`."""
    if NODE is None:
        pytest.skip("there is no Node.js")
    given = json.dumps({"query": "lamp", "facets": [*facets], **params})
    counted = json.dumps({name.partition(".lvl")[0]: counts for name, counts in facets.items()})
    command = [NODE, "--input-type=module", "-e", PROGRAM, str(CLIENT), given, index_name, counted]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise ValueError(done.stderr)
    said = json.loads(done.stdout)
    return said["asked"][0], said["result"]


@pytest.mark.parametrize(
    ("params", "offset", "limit", "pages", "hits"),
    [
        ({}, 0, 20, 501, 1),
        ({"page": 500}, 10_000, 20, 501, 1),
        ({"page": 501}, 10_000, 20, 501, 0),
        ({"hitsPerPage": 200, "page": 2}, 200, 100, 101, 1),
        ({"hitsPerPage": 7, "page": 1_428}, 9_996, 7, 1_429, 1),
        ({"hitsPerPage": 0}, 0, 1, 0, 0),
    ],
)
def test_every_page_that_is_offered_is_one_that_the_api_answers(
    params: dict[str, Any], offset: int, limit: int, pages: int, hits: int
) -> None:
    asked, result = page(**params)
    assert (asked["offset"], asked["limit"]) == (str(offset), str(limit))
    assert (result["nbPages"], len(result["hits"])) == (pages, hits)


@pytest.mark.parametrize(
    ("index_name", "sort"),
    [("items", None), ("items_price_asc", "price_asc"), ("items_attributes.sold", "attributes.sold")],
)
def test_the_name_of_an_index_ends_with_its_order(index_name: str, sort: str | None) -> None:
    asked, _ = page(index_name=index_name)
    assert asked.get("sort") == sort


def counted(value: str, *children: Any) -> dict[str, Any]:
    return {"value": value, "count": 3, "filters": {}, "children": list(children)}


def test_a_refined_value_keeps_its_letters_where_the_items_that_are_left_write_others() -> None:
    """InstantSearch shows a value as refined only where the counts have it in the same letters."""
    facets = {
        "brand": [counted("GARDEN"), counted("Oak")],
        "category.lvl1": [counted("HOME", counted("lamps"))],
        "attributes.color": [counted("Red")],
        "seller": [counted("b")],
    }
    chosen = [["brand:Garden"], ["category.lvl1:Home > Lamps"], ["attributes.color:red"], ["seller:B"]]
    _, result = page(facets=facets, facetFilters=chosen)
    assert result["facets"] == {
        "brand": {"Garden": 3, "Oak": 3},
        "category.lvl1": {"Home > Lamps": 3},
        "attributes.color": {"red": 3},
        "seller": {"b": 3},
    }


def test_of_several_bounds_all_count_and_one_of_several_is_refused() -> None:
    asked, _ = page(numericFilters=["price>=5", "price>=20", "price<=90", "price<=60", "rating>=3"])
    assert (asked["min_price"], asked["max_price"], asked["min_rating"]) == ("20", "60", "3")
    with pytest.raises(ValueError, match="one of several bounds is no filter"):
        page(numericFilters=[["price>=5", "price>=20"]])
