#!/bin/sh
# flexsearch 0.8.212 (JavaScript), an Index as it is made by default. Needs node.
# Guess: a number is a word: "100 ml" and "10 ml" are two sizes, and an article number is found by itself.
# Seen:  numbers are cut into groups of three digits, and of equal letters that follow one another one stays: 100 and 10 are
#        one term, iPhone 11 is iPhone 1, and an article number finds those that have the same groups in another order.
#        numeric: false and dedupe: false, in an Encoder, keep numbers whole.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --silent --no-fund --no-audit flexsearch@0.8.212
node - <<'JAVASCRIPT'
const assert = require("node:assert");
const { Encoder, Index } = require("flexsearch");

const TITLES = ["Shampoo 100 ml", "Shampoo 10 ml", "iPhone 11 case", "iPhone 1 case", "Drill 456123", "Drill 123456"];

const found = (options, query) => {
  const index = new Index(options);
  TITLES.forEach((title, number) => index.add(number, title));
  return index.search(query).map((number) => TITLES[number]);
};

const whole = { encoder: new Encoder({ numeric: false, dedupe: false }) };
const CASES = { "shampoo 10 ml": 2, "iphone 11": 2, 123456: 2 };
for (const [query, count] of Object.entries(CASES)) {
  const [byDefault, kept] = [found({}, query), found(whole, query)];
  console.log(`${query}: by default`, byDefault, "whole numbers", kept);
  assert.equal(byDefault.length, count, "it finds otherwise now");
  assert.equal(kept.length, 1);
}
console.log("4006381333931 is", new Index().encoder.encode("4006381333931"));
assert.deepEqual(new Index().encoder.encode("100"), new Index().encoder.encode("10"));
JAVASCRIPT
