#!/bin/sh
# instantsearch.js 4.118.1 with algoliasearch-helper 3.29.4, connectRange, of which rangeInput and rangeSlider are made, over
# prices. Needs node.
# Guess: what a shopper types is what is searched for; precision is how prices are shown.
# Seen:  precision is 0 unless it is said, and rounds what is searched for, outwards: "1.50 to 4.49" asks for price>=1 and
#        price<=5, so hits cost more than was allowed; and of 0.99 to 19.50 the bounds are shown as 0 to 20. With precision 2
#        the request has what was typed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --silent --no-fund --no-audit instantsearch.js@4.118.1 algoliasearch-helper@3.29.4
node - <<'JAVASCRIPT'
const assert = require("node:assert");
const { default: instantsearch } = require("instantsearch.js");
const { connectHits, connectRange } = require("instantsearch.js/cjs/connectors");

const STATS = { facets: { price: { 0.99: 1, 19.5: 1 } }, facets_stats: { price: { min: 0.99, max: 19.5 } } };

const asked = (options) =>
  new Promise((resolve) => {
    let range;
    let refined = false;
    const searchClient = {
      search(requests) {
        if (refined) resolve({ asked: requests[0].params.numericFilters, bounds: range.range });
        const hits = { hits: [], nbHits: 2, page: 0, nbPages: 1, hitsPerPage: 20, query: "", params: "" };
        return Promise.resolve({ results: requests.map(({ indexName }) => ({ index: indexName, ...hits, ...STATS })) });
      },
    };
    const search = instantsearch({ indexName: "items", searchClient });
    const show = (state, isFirst) => {
      range = state;
      if (isFirst || refined || state.range.max !== options.max) return;
      refined = true;
      state.refine([1.5, 4.49]);
    };
    search.addWidgets([connectHits(() => {})({}), connectRange(show)({ attribute: "price", ...options.widget })]);
    search.start();
  });

(async () => {
  const rounded = await asked({ max: 20, widget: {} });
  const exact = await asked({ max: 19.5, widget: { precision: 2 } });
  console.log("by default: ", rounded);
  console.log("precision 2:", exact);
  assert.deepEqual(rounded, { asked: ["price>=1", "price<=5"], bounds: { min: 0, max: 20 } });
  assert.deepEqual(exact, { asked: ["price>=1.5", "price<=4.49"], bounds: { min: 0.99, max: 19.5 } });
  process.exit(0);
})();
JAVASCRIPT
