#!/bin/sh
# instantsearch.js 4.118.1 with algoliasearch-helper 3.29.4, the requests that it gives to a search client. Needs node.
# Guess: a parameter has one type; a search with two filtered fields is one request; a ratingMenu asks for 4 stars and up.
# Seen:  facets is a list in the first request and a text in those that count one field; there is one request more for
#        each filtered field, with hitsPerPage 0; and 4 stars and up is rating>=4 and rating<=5, so a rating above the
#        menu's max would be left out.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --silent --no-fund --no-audit instantsearch.js@4.118.1 algoliasearch-helper@3.29.4
node - <<'JAVASCRIPT'
const assert = require("node:assert");
const { default: instantsearch } = require("instantsearch.js");
const { connectHits, connectRefinementList, connectRatingMenu } = require("instantsearch.js/cjs/connectors");

const nothing = () => {};
const searchClient = {
  search(requests) {
    const params = requests.map((request) => request.params);
    console.log(params.map(({ facets, hitsPerPage, numericFilters }) => ({ facets, hitsPerPage, numericFilters })));
    assert.equal(params.length, 3);
    assert.ok(Array.isArray(params[0].facets));
    assert.deepEqual(params.slice(1).map(({ facets }) => facets).sort(), ["brand", "rating"]);
    assert.ok(params.slice(1).every(({ hitsPerPage }) => hitsPerPage === 0));
    assert.deepEqual([...params[0].numericFilters].sort(), ["rating<=5", "rating>=4"]);
    process.exit(0);
  },
};
const search = instantsearch({
  indexName: "items",
  searchClient,
  initialUiState: { items: { refinementList: { brand: ["Oak"] }, ratingMenu: { rating: 4 } } },
});
search.addWidgets([
  connectHits(nothing)({}),
  connectRefinementList(nothing)({ attribute: "brand" }),
  connectRatingMenu(nothing)({ attribute: "rating", max: 5 }),
]);
search.start();
JAVASCRIPT
