#!/bin/sh
# @qdrant/js-client-rest 1.18.0 (JavaScript), ids of points that are integers, and integers in a payload. Needs node.
# Guess: an id of 64 bits, as Qdrant has them, comes as a BigInt or is refused; what was read can be deleted.
# Seen:  it is a Number: 9007199254740993 is read as 9007199254740992, and deleting what was read asks Qdrant to delete
#        that other point. A page that begins at such an id begins elsewhere, and an id that is given as a BigInt cannot be
#        sent. Ids must be UUIDs, or stay below 2^53.
# A stand-in plays the server below.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @qdrant/js-client-rest@1.18.0
cat > ids.mjs <<'JAVASCRIPT'
import assert from "node:assert/strict";
import http from "node:http";
import { QdrantClient } from "@qdrant/js-client-rest";

const PAGE =
  '{"points": [{"id": 9007199254740993, "payload": {"variant": 12345678901234567}}], "next_page_offset": 9007199254740995}';
const asked = [];
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    asked.push(body);
    response.setHeader("content-type", "application/json");
    const result = request.url.includes("/scroll") ? PAGE : '{"operation_id": 1, "status": "completed"}';
    response.end(`{"status": "ok", "time": 0, "result": ${result}}`);
  });
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const { port } = server.address();
const client = new QdrantClient({ host: "127.0.0.1", port, checkCompatibility: false });

const page = await client.scroll("shop", { limit: 1 });
console.log("stored 9007199254740993, read", page.points[0], "next", page.next_page_offset);
await client.delete("shop", { points: [page.points[0].id] });
await client.scroll("shop", { offset: page.next_page_offset });
console.log("asked to delete", asked[1], "and for the page", asked[2]);
assert.equal(page.points[0].id, 9007199254740992, "ids keep their digits now");
assert.match(asked[1], /9007199254740992/);
assert.match(asked[2], /9007199254740996/);
assert.equal(page.points[0].payload.variant, 12345678901234568);
await assert.rejects(client.delete("shop", { points: [9007199254740993n] }), /BigInt/);
server.close();
server.closeAllConnections();
JAVASCRIPT
node ids.mjs
