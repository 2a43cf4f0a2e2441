"""The client of deploy/instantsearch in Node.js, under InstantSearch itself: each page that it offers is one that the
API answers, and what is refined is shown so."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from schemas.texts import name_key

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parents[2] / "deploy" / "instantsearch"
NODE = shutil.which("node")
PROGRAM = """
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const [folder, given] = process.argv.slice(1);
const { indexName, params, facets, state, sought } = JSON.parse(given);
const source = readFileSync(`${folder}/freshline.js`, "utf8");
const { freshlineSearchClient } = await import("data:text/javascript," + encodeURIComponent(source));
const instantsearch = createRequire(`${folder}/`)(`${folder}/vendor/instantsearch.production.min.js`);
const asked = [];
const hit = { product_id: "lamp-1", category: [] };
globalThis.fetch = async (url) => {
  asked.push(Object.fromEntries(new URL(url).searchParams));
  const found = { hits: [hit], total: 25000, total_is_exact: true, facets, took_ms: 1 };
  return { ok: true, json: async () => found };
};
const client = freshlineSearchClient({ api: "http://shop" });
let result, seek;
const search = instantsearch({
  indexName,
  initialUiState: { [indexName]: state },
  searchClient: {
    ...client,
    async search(requests) {
      const answer = await client.search(requests);
      result = answer.results[0];
      return answer;
    },
  },
});
const flat = (items) => (items ?? []).flatMap(({ value, isRefined, data }) => [[value, isRefined], ...flat(data)]);
const shown = {};
let resolve, reject;
const settled = new Promise((...both) => { [resolve, reject] = both; });
const show = (name) => ({ items, searchForItems, isFromSearch }) => {
  shown[name] = flat(items);
  if (searchForItems) seek = searchForItems;
  if (isFromSearch) resolve();
};
const { connectHierarchicalMenu, connectRefinementList } = instantsearch.connectors;
const widgetOf = (name) => name === "category"
  ? connectHierarchicalMenu(show(name))({ attributes: ["category.lvl0", "category.lvl1", "category.lvl2"] })
  : connectRefinementList(show(name))({ attribute: name });
search.addWidgets([instantsearch.widgets.configure(params), ...Object.keys(facets).map(widgetOf)]);
search.on("error", ({ error }) => reject(error));
search.on("render", () => {
  if (search.status !== "idle" || !result) return;
  if (sought) seek(sought);
  else resolve();
});
search.start();
await settled;
console.log(JSON.stringify({ asked: asked[0], result, shown }));
process.exit(0);
"""

ASKING = """
import { readFileSync } from "node:fs";
const [folder, status, body] = process.argv.slice(1);
const source = readFileSync(`${folder}/freshline.js`, "utf8");
const { freshlineSearchClient } = await import("data:text/javascript," + encodeURIComponent(source));
globalThis.fetch = async () => new Response(body, { status: Number(status) });
const client = freshlineSearchClient({ api: "http://shop" });
const asking = client.search([{ indexName: "items", params: { query: "lamp" } }]);
console.log(await asking.then(() => "found", (error) => error.message));
"""


class Page(NamedTuple):
    """A page as InstantSearch makes it of the client's answers, with widgets that draw nothing."""

    asked: dict[str, str]
    """The parameters that the API is asked with first."""
    result: dict[str, Any]
    """The answer to the request for hits."""
    shown: dict[str, list[list[Any]]]
    """The values that each widget shows, those below after those above, each with whether it is refined."""


def printed(program: str, *words: str) -> str:
    """Return the output of a program in Node.js, which gets the folder of the client and these words."""
    if NODE is None:
        pytest.skip("there is no Node.js")
    command = [NODE, "--input-type=module", "-e", program, str(FOLDER), *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise ValueError(done.stderr)
    return done.stdout


def page(
    *,
    index_name: str = "items",
    facets: Mapping[str, Any] = MappingProxyType({}),
    state: Mapping[str, Any] = MappingProxyType({}),
    sought: str | None = None,
    **params: Any,
) -> Page:
    """Return a page of 25,000 items, counted as in `facets`, each of which has a widget.

    `state`: what is refined, as InstantSearch keeps it. `sought`: the text that is searched for in the last list.
    """
    given = {
        "indexName": index_name,
        "params": {"query": "lamp", **params},
        "facets": {**facets},
        "state": {**state},
        "sought": sought,
    }
    return Page(**json.loads(printed(PROGRAM, json.dumps(given))))


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
    asked, result, _ = page(**params)
    assert (asked["offset"], asked["limit"]) == (str(offset), str(limit))
    assert (result["nbPages"], len(result["hits"])) == (pages, hits)


@pytest.mark.parametrize(
    ("index_name", "sort"),
    [("items", None), ("items_price_asc", "price_asc"), ("items_attributes.sold", "attributes.sold")],
)
def test_the_name_of_an_index_ends_with_its_order(index_name: str, sort: str | None) -> None:
    assert page(index_name=index_name).asked.get("sort") == sort


def counted(value: str, *children: Any) -> dict[str, Any]:
    return {"value": value, "count": 3, "filters": {}, "children": list(children)}


FACETS = {
    "brand": [counted("GARDEN"), counted("Oak")],
    "attributes.color": [counted("Red"), counted("Blue")],
    "seller": [counted("b")],
}


def test_a_refined_value_keeps_its_letters_where_the_items_that_are_left_write_others() -> None:
    """InstantSearch shows a value as refined only where the counts have it in the same letters."""
    chosen = {"brand": ["Garden"], "attributes.color": ["red"], "seller": ["B"]}
    assert page(facets=FACETS, state={"refinementList": chosen}).shown == {
        "brand": [["Garden", True], ["Oak", False]],
        "attributes.color": [["red", True], ["Blue", False]],
        "seller": [["B", True], ["b", False]],  # Sellers that differ in case are two.
    }


def test_so_it_does_among_the_values_that_are_searched_for() -> None:
    shown = page(
        facets={"brand": FACETS["brand"]}, state={"refinementList": {"brand": ["Garden"]}}, sought="gard"
    ).shown
    assert shown["brand"] == [["Garden", True]]


@pytest.mark.parametrize(
    ("written", "refined"), [("Straße", "STRASSE"), ("STRASSE", "straße"), ("GRÜẞE", "grüsse"), ("so\u00adft", "SOFT")]
)
def test_names_are_compared_as_the_api_compares_them(written: str, refined: str) -> None:
    assert name_key(written) == name_key(refined)
    facets = {"brand": [counted(written), counted("Oak")]}
    shown = page(facets=facets, state={"refinementList": {"brand": [refined]}}).shown
    assert shown["brand"] == [[refined, True], ["Oak", False]]


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        (["Home"], [["Home", True], ["Home > Beds", False], ["Home > lamps", False], ["Toys", False]]),
        (["Home", "Lamps"], [["Home", True], ["Home > Beds", False], ["Home > Lamps", True], ["Toys", False]]),
    ],
)
def test_a_refined_category_keeps_its_letters_and_its_siblings_and_children(
    levels: list[str], shown: list[list[Any]]
) -> None:
    facets = {"category": [counted("HOME", counted("lamps"), counted("Beds")), counted("Toys")]}
    assert page(facets=facets, state={"hierarchicalMenu": {"category.lvl0": levels}}).shown["category"] == shown


def test_of_several_bounds_all_count_and_one_of_several_is_refused() -> None:
    asked = page(numericFilters=["price>=5", "price>=20", "price<=90", "price<=60", "rating>=3"]).asked
    assert (asked["min_price"], asked["max_price"], asked["min_rating"]) == ("20", "60", "3")
    with pytest.raises(ValueError, match="one of several bounds is no filter"):
        page(numericFilters=[["price>=5", "price>=20"]])


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (502, "<html>Bad Gateway</html>", "the API answers HTTP 502"),
        (200, "<html>Log in</html>", "the API answers HTTP 200"),
        (422, '{"error": {"message": "limit: must be at most 100"}}', "limit: must be at most 100"),
    ],
)
def test_an_answer_without_hits_is_told_in_words(status: int, body: str, said: str) -> None:
    assert printed(ASKING, str(status), body).strip() == said
