// The life of one product, and why a query finds it.

import { ask, byId, make, setText, textTable as table } from "/static/dom.js";
import { count, time } from "/static/format.js";

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function fieldLine(field) {
  const name = field.name || "the whole";
  const words = field.won ? "counts" : field.why;
  return make("div", {}, make("code", {}, field.name ? `${name} = ${shown(field.value)}` : name), " ",
    make("span", { class: field.won ? "good" : "quiet" }, words));
}

function eventRow(event) {
  const stamp = event.op ? `${time(event.updated_at)}${event.version == null ? "" : `, version ${event.version}`}` : "no event";
  const what = event.op ? `${event.op}${event.part ? ` of ${event.part}` : ""}` : "";
  const fields = event.refused ? [make("div", { class: "bad" }, event.refused)] : event.fields.map(fieldLine);
  const since = event.refused ? "never" : event.searchable_by ? `by ${time(event.searchable_by)}` : event.searchable ? "before this process started" : "not yet";
  return [stamp, event.topic, what, event.outcome, make("div", {}, ...fields), time(event.arrived_at), since, `${event.topic}:${event.partition}:${event.offset}`];
}

function showLife(life) {
  const item = life.indexed;
  const vector = { current: "current", pending: `pending since ${time(life.vector.pending_since)}`, failed: `failed: ${life.vector.reason}`, none: "none" }[life.vector.state];
  const limits = [life.complete ? null : "The log took too long to read: events are missing.",
    life.events_left_out ? `${count(life.events_left_out)} older events are not shown.` : null,
    life.log_begins_at ? `The log begins at ${time(life.log_begins_at)}.` : null].filter(Boolean).join(" ");
  byId("life").replaceChildren(
    table("Events, in the order of their stamps", ["stamp", "topic", "change", "outcome", "fields", "arrived", "searchable", "record"], life.events.map(eventRow)),
    make("p", { class: "quiet" }, limits),
    make("h3", {}, "Its point"),
    item ? table("Point", ["field", "value"], [
      ["status", item.status], ["version", String(item.version)], ["vector", vector], ["fingerprint", life.fingerprint],
      ["fingerprint of the vector", life.vector.fingerprint],
      ["left out by a limit", item.left_out.length ? `some of its ${item.left_out.join(", ")}` : "nothing"],
      ...["product", "price", "reviews"].map((facet) => [`${facet} searchable since`, item.searchable_at[facet] ? time(item.searchable_at[facet]) : `no ${facet} yet`]),
    ]) : make("p", {}, "The index has none."),
    life.document == null ? "" : make("details", {}, make("summary", {}, "Document"), make("pre", {}, life.document)),
    item ? make("details", {}, make("summary", {}, "Point as JSON"), make("pre", {}, JSON.stringify(item, null, 2))) : "");
  byId("life").hidden = false;
}

function showWhy(found) {
  const place = (each) => [!each.ranked ? "nothing is ranked" : each.rank == null ? `not among the first ${count(each.ranked)}` : `${count(each.rank)} of ${count(each.ranked)}`, each.score == null ? "" : String(each.score)];
  byId("why").replaceChildren(
    make("h3", {}, `Why “${found.query}” finds it, or does not`),
    make("ul", {}, ...found.why.map((sentence) => make("li", {}, sentence))),
    table("Rankings", ["ranking", "rank", "score"], [["words", ...place(found.by_words)], ["vectors", ...place(found.by_vectors)], ["fused", ...place(found.fused)]]),
    table("Words of the query", ["word", "fields that say it"], found.words.map((word) => [word.word, word.fields.join(", ") || "none"])));
  byId("why").hidden = false;
}

async function show(product, query) {
  byId("life").hidden = byId("why").hidden = true;
  setText(byId("product-said"), "Reading the log ...");
  try {
    if (query) showWhy(await ask(`/explain?${new URLSearchParams({ q: query, product_id: product })}`));
    const life = await ask(`/products/${encodeURIComponent(product)}/life`);
    showLife(life);
    setText(byId("product-said"), `${count(life.events.length)} events of ${product}.`);
  } catch (error) {
    setText(byId("product-said"), error.message);
  }
}

export function startProduct() {
  const form = byId("product-form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(form.elements.product.value.trim(), form.elements.q.value.trim());
  });
  const asked = new URLSearchParams(location.search);
  if (asked.get("product")) {
    form.elements.product.value = asked.get("product");
    form.elements.q.value = asked.get("q") ?? "";
    form.requestSubmit();
  }
}
