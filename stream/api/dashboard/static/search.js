// A live search page: asks for itself again twice a second, and as soon as a row's item has changed, which flashes then.

import "./suggest.js";
import { clock } from "./format.js";
import { morphList } from "./morph.js";

const PERIOD_MS = 500; // from one question to the next, so that a change of the hits themselves is on the page within a second
const REST_MS = 200; // after an answer, however long it took, and after a change: a page whose items change all the time asks five times a second at most
const WAIT_MS = 5000;
const FLASH_MS = 1500;

const list = document.getElementById("hits");
const said = document.getElementById("found");
const live = document.querySelector("input[name=live]");
const broken = new Set(); // pictures that did not load
const flashing = new Map(); // until when the row of an id flashes
let goneMs = null; // since when there is no answer
let toldMs = null; // after which time an item was last said to have changed

const pause = (ms) => new Promise((done) => { setTimeout(done, Math.max(0, ms)); });
const isLive = () => !document.hidden && live.checked;

async function follow() {
  let changed = false;
  for (;;) {
    const nextMs = Date.now() + PERIOD_MS;
    if (isLive()) await refresh();
    if (changed || Date.now() > nextMs - REST_MS) await pause(REST_MS);
    changed = isLive() && goneMs == null && await changes(nextMs - Date.now());
    if (!changed) await pause(nextMs - Date.now());
  }
}

async function refresh() {
  try {
    show(await asked());
    goneMs = null;
  } catch (error) {
    goneMs ??= Date.now();
    said.textContent = `${error.message} since ${clock(goneMs)}: the hits are those of before. This page asks again twice a second.`;
  }
  list.classList.toggle("old", goneMs != null);
}

// Returns true once an item of the page has a change that the page does not show, false after so many milliseconds.
async function changes(waitMs) {
  const rows = [...list.children].filter((row) => row.dataset.id);
  if (waitMs <= 0 || !rows.length) return false;
  const since = Math.max(0, ...rows.flatMap((row) => row.dataset.asOf.split(" ").filter(Boolean).map(Date.parse)));
  if (since === toldMs) return false; // The page does not show what it was told of: it is no more than asked for again.
  const asking = new URLSearchParams([["since_ms", since], ["wait_ms", waitMs], ...rows.map((row) => ["id", row.dataset.id])]);
  try {
    const answer = await fetch(`/search-page/changes?${asking}`, { signal: AbortSignal.timeout(WAIT_MS) });
    const { changed } = answer.ok ? await answer.json() : { changed: false };
    if (changed) toldMs = since;
    return changed;
  } catch {
    return false; // The next search says so.
  }
}

// Returns the newest page; throws an Error that says what is wrong.
async function asked() {
  const answer = await fetch(location.href, { signal: AbortSignal.timeout(WAIT_MS) }).catch(() => { throw new Error("The API has not answered"); });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || !page.getElementById("hits")) throw new Error("The API has not been able to search");
  return page;
}

function show(page) {
  const before = new Map([...list.children].map((row) => [row.dataset.id, row.dataset.asOf]));
  const rows = [...page.getElementById("hits").children];
  for (const row of rows) {
    row.querySelectorAll("img").forEach((image) => { if (broken.has(image.src)) image.remove(); });
    if (before.get(row.dataset.id) !== row.dataset.asOf) flashing.set(row.dataset.id, Date.now() + FLASH_MS);
    if (flashing.get(row.dataset.id) > Date.now()) row.classList.add("flash"); else flashing.delete(row.dataset.id);
  }
  morphList(list, rows);
  said.textContent = page.getElementById("found").textContent;
  recount(document.getElementById("facets"), page.getElementById("facets"));
}

// What is open stays open, and a link that has the focus stays where it is.
function recount(facets, newest) {
  if (facets.contains(document.activeElement)) return;
  for (const facet of newest.children) {
    const before = facets.querySelector(`details[data-name="${facet.dataset.name}"]`);
    if (before) facet.open = before.open;
  }
  if (facets.innerHTML !== newest.innerHTML) facets.replaceChildren(...newest.children);
}

// A picture that does not load leaves no hole, also where it failed before this script ran.
function drop(image) {
  broken.add(image.src);
  image.remove();
}

document.addEventListener("error", (event) => event.target.tagName === "IMG" && drop(event.target), true);
for (const image of [...document.images]) if (image.complete && !image.naturalWidth) drop(image);
if (list) pause(PERIOD_MS).then(follow);
