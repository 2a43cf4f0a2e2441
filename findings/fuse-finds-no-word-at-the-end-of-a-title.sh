#!/bin/sh
# fuse.js 7.5.0 (JavaScript), a Fuse over titles with its default options. Needs node.
# Guess: a fuzzy search finds a word that a title has letter for letter, wherever in the title it stands.
# Seen:  a match counts for less the further it is from the beginning of the text, and about sixty letters on, even an exact
#        one counts for nothing: the last words of a long title find other products, or none, while a title that only
#        resembles the query comes first. ignoreLocation: true finds them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > npm.log
npm install --silent --no-fund --no-audit fuse.js@7.5.0
node --input-type=module - <<'JAVASCRIPT'
import assert from "node:assert";
import Fuse from "fuse.js";

const SET = "Professional stainless steel kitchen knife set with wooden block, scissors and sharpener";
const items = [{ title: SET }, { title: "Sharpness" }, { title: "Desk lamp" }];
const found = (word, options) => new Fuse(items, { keys: ["title"], ...options }).search(word).map(({ item }) => item.title);
const by = (options) => Object.fromEntries(["knife", "scissors", "sharpener"].map((word) => [word, found(word, options)]));
const [byDefault, anywhere] = [by({}), by({ ignoreLocation: true })];
const places = [...Array(120).keys()].filter((at) => new Fuse([`${"x".repeat(at)}scissors`]).search("scissors").length);
console.log("by default:", byDefault, "with ignoreLocation:", anywhere);
console.log("the last letter at which an exact word is found:", places.at(-1));
assert.deepEqual(byDefault, { knife: [SET], scissors: [], sharpener: ["Sharpness"] }, "it finds other words now");
assert.equal(anywhere.sharpener[0], SET);
assert.deepEqual([anywhere.scissors, places.at(-1)], [[SET], 60]);
JAVASCRIPT
