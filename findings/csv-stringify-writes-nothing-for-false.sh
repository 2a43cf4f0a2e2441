#!/bin/sh
# csv-stringify 6.9.0 (JavaScript), beside papaparse 5.7.1 and @json2csv/plainjs 7.0.8: products with truth values and times.
# Needs node.
# Guess: true and false are written as true and false, a Date as the text that JSON has.
# Seen:  true is 1 and false is nothing, the same as null and undefined: a product that is sold out, or not to be shown, has
#        an empty cell, for which a reader takes its default. csv-parse reads it as an empty text, and a Date as its
#        milliseconds. The other two write true and false. cast: { boolean: String } does as well.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --silent --no-fund --no-audit csv-stringify@6.9.0 csv-parse@7.0.3 papaparse@5.7.1 @json2csv/plainjs@7.0.8
node --input-type=module - <<'JAVASCRIPT'
import assert from "node:assert";
import { Parser } from "@json2csv/plainjs";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import Papa from "papaparse";

const mug = { id: "mug", in_stock: true, visible: false, brand: null, changed: new Date("2026-11-30T10:00:00Z") };
const written = stringify([mug], { header: true });
const [back] = parse(written, { columns: true });
const cast = stringify([mug], { header: true, cast: { boolean: String } });
const others = [Papa.unparse([mug]), new Parser().parse([mug])];
console.log(written);
console.log("read again:", back);
console.log("with a cast:", cast.split("\n")[1], "others:", others.map((table) => table.split("\n")[1]));
assert.deepEqual({ ...back }, { id: "mug", in_stock: "1", visible: "", brand: "", changed: "1796032800000" }, "false is written now");
for (const table of [cast, ...others]) assert(table.includes(",false,"), "false is written otherwise now");
JAVASCRIPT
