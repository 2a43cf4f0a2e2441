#!/bin/sh
# @meilisearch/instant-meilisearch 0.31.3 and typesense-instantsearch-adapter 3.0.2 under instantsearch.js 4.118.1, a shop of
# contact lenses whose powers are refined. Needs node.
# Guess: a click on -2.50 filters by -2.50, as one on +1.00 filters by +1.00.
# Seen:  the helper of InstantSearch writes a leading minus as "\-", which means "not excluded" to Algolia, and both clients
#        hand the backslash on: the filter asks for \-2.50, which no lens has, while its count says 3.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --silent --no-fund --no-audit instantsearch.js@4.118.1 algoliasearch-helper@3.29.4 \
  @meilisearch/instant-meilisearch@0.31.3 typesense-instantsearch-adapter@3.0.2
node - <<'JAVASCRIPT'
const assert = require("node:assert");
const http = require("node:http");
const { default: instantsearch } = require("instantsearch.js");
const { connectHits, connectRefinementList } = require("instantsearch.js/cjs/connectors");

const filters = [];
const counts = [{ field_name: "power", counts: [{ value: "-2.50", count: 3 }, { value: "+1.00", count: 2 }] }];
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    const { queries = [], searches = [] } = JSON.parse(body);
    filters.push(...queries.map(({ filter }) => filter).flat(2), ...searches.map(({ filter_by: filter }) => filter));
    const meilisearch = { hits: [], indexUid: "lenses", query: "", facetDistribution: { power: { "-2.50": 3, "+1.00": 2 } } };
    const typesense = { hits: [], found: 5, page: 1, facet_counts: counts, request_params: { per_page: 20, q: "" } };
    const results = [...queries.map(() => meilisearch), ...searches.map(() => typesense)];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ results }));
  });
});

const asked = (searchClient, form) =>
  new Promise((resolve) => {
    let clicked = false;
    const search = instantsearch({ indexName: "lenses", searchClient });
    const show = ({ items, refine }) => {
      const said = filters.filter((filter) => filter?.startsWith(form) && filter.includes("2.50"));
      if (said.length) resolve(said[0]);
      if (clicked || !items.length) return;
      clicked = true;
      items.forEach(({ value }) => refine(value));
    };
    search.addWidgets([connectHits(() => {})({}), connectRefinementList(show)({ attribute: "power" })]);
    search.start();
  });

server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  const { instantMeiliSearch } = require("@meilisearch/instant-meilisearch");
  const meilisearch = await asked(instantMeiliSearch(`http://127.0.0.1:${port}`, "key").searchClient, '"power"=');
  globalThis.window = globalThis.self = globalThis; // The build for browsers, since that for node does not load.
  const Adapter = require("./node_modules/typesense-instantsearch-adapter/dist/typesense-instantsearch-adapter.min.js");
  const nodes = [{ host: "127.0.0.1", port, protocol: "http" }];
  const settings = { server: { apiKey: "key", nodes }, additionalSearchParameters: { query_by: "title" } };
  const typesense = await asked(new (Adapter.default ?? Adapter)(settings).searchClient, "power:=");
  console.log("Meilisearch:", meilisearch);
  console.log("Typesense:  ", typesense);
  assert.ok(meilisearch.includes("\\-2.50"), "the backslash is taken away now");
  assert.ok(typesense.includes("`\\-2.50`"), "the backslash is taken away now");
  process.exit(0);
});
JAVASCRIPT
