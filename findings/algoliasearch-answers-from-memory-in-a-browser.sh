#!/bin/sh
# algoliasearch 5.65.0 (JavaScript), the client that InstantSearch is mostly used with, in the build for browsers. Needs node.
# Guess: each call of search asks the server, in a browser as in node.
# Seen:  the build for browsers keeps each answer in memory, without an end: the same search gives the price of the first
#        answer for as long as the page is open, and no request is made, whatever headers the server sends. The build for
#        node, in which a page is tested or rendered first, keeps nothing. clearCache, or refresh of InstantSearch, asks again.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --silent --no-fund --no-audit algoliasearch@5.65.0 @algolia/requester-node-http@5.65.0
node --input-type=module - <<'JAVASCRIPT'
import assert from "node:assert";
import { once } from "node:events";
import http from "node:http";
import path from "node:path";
import { createHttpRequester } from "@algolia/requester-node-http";

const builds = path.resolve("node_modules/algoliasearch/dist/lite/builds");
let price;
let asked;
const server = http.createServer((request, response) => {
  asked += 1;
  request.resume();
  response.setHeader("content-type", "application/json");
  response.setHeader("cache-control", "no-store");
  response.end(JSON.stringify({ results: [{ hits: [{ objectID: "p-1", price }] }] }));
});
await once(server.listen(0, "127.0.0.1"), "listening");
const url = `127.0.0.1:${server.address().port}`;

const seen = async (build) => {
  const { liteClient } = await import(path.join(builds, build));
  const hosts = [{ url, accept: "readWrite", protocol: "http" }];
  const client = liteClient("shop", "key", { hosts, requester: createHttpRequester() });
  const found = async () => (await client.search({ requests: [{ indexName: "items", query: "mug" }] })).results[0].hits[0].price;
  [asked, price] = [0, 19.99];
  const before = await found();
  price = 9.99;
  const after = await found();
  const requests = asked;
  await client.clearCache();
  return { before, after, requests, cleared: await found() };
};

const [browser, node] = [await seen("browser.js"), await seen("node.js")];
server.close();
console.log("for browsers:", browser);
console.log("for node:    ", node);
assert.deepEqual(browser, { before: 19.99, after: 19.99, requests: 1, cleared: 9.99 }, "it asks again now");
assert.deepEqual(node, { before: 19.99, after: 9.99, requests: 2, cleared: 9.99 });
JAVASCRIPT
