#!/bin/sh
# @orama/orama 3.1.18 (JavaScript), products of a field "number", some of which are removed. Needs node.
# Guess: a filter of numbers finds what is left, and nothing else.
# Seen:  removing products takes others out of the index of the field: of 100 products with the prices 1 to 100, every
#        second of which is removed, a search by a word finds the 50 that are left, and price >= 0 finds two, one of which
#        was removed and is a hit with an empty document. Of 7 it finds one of three. An upsert removes as well, so prices
#        that change have the same effect. No call raises an error.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --silent --no-fund --no-audit @orama/orama@3.1.18
node --input-type=module - <<'JAVASCRIPT'
import assert from "node:assert";
import { count, create, insert, remove, search } from "@orama/orama";

const seen = async (products) => {
  const shop = create({ schema: { title: "string", price: "number" } });
  for (let price = 1; price <= products; price += 1) await insert(shop, { id: `p-${price}`, title: "Mug", price });
  for (let price = 1; price <= products; price += 2) await remove(shop, `p-${price}`);
  const byWord = await search(shop, { term: "mug", limit: products });
  const byPrice = await search(shop, { term: "", where: { price: { gte: 0 } }, limit: products });
  const gone = byPrice.hits.filter(({ document }) => document.price === undefined).length;
  return { left: count(shop), byWord: byWord.count, byPrice: byPrice.count, gone };
};

const [few, many] = [await seen(7), await seen(100)];
console.log("of 7:  ", few);
console.log("of 100:", many);
assert.deepEqual(few, { left: 3, byWord: 3, byPrice: 1, gone: 0 }, "it finds otherwise now");
assert.deepEqual(many, { left: 50, byWord: 50, byPrice: 2, gone: 1 }, "it finds otherwise now");
JAVASCRIPT
