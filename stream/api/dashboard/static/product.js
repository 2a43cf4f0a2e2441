// The life of one product, and why a query finds it.

import { ask, byId, make, setText, textTable as table, when, withTimes } from "/static/dom.js";
import { count, local, several } from "/static/format.js";

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));

const isTime = ({ name, value }) => name.endsWith("_at_ms") && typeof value === "number";
const fieldWords = (field) => (isTime(field) ? `${field.name.slice(0, -"_ms".length)} = ${local(field.value)}` : `${field.name} = ${shown(field.value)}`);

function fieldLine(field) {
  return make("div", {}, make("code", {}, field.name ? fieldWords(field) : "the whole"), " ",
    make("span", { class: field.won ? "good" : "quiet" }, field.won ? "counts" : withTimes(field.why)));
}

function eventRow(event) {
  const stamp = event.op ? make("span", {}, when(event.updated_at), event.version == null ? "" : `, version ${event.version}`) : "no event";
  const what = event.op ? `${event.op}${event.part ? ` of ${event.part}` : ""}` : "";
  const fields = event.refused ? [make("div", { class: "bad" }, event.refused)] : event.fields.map(fieldLine);
  const since = event.searchable_by ? make("span", {}, "by ", when(event.searchable_by)) : event.searchable ? "before this process started" : "not yet";
  return [stamp, event.topic, what, event.outcome, make("div", { class: "fields" }, ...fields), when(event.arrived_at), event.refused ? "never" : since, `${event.topic}:${event.partition}:${event.offset}`];
}

function showLife(life) {
  const item = life.indexed;
  const vector = { current: "current", pending: `pending since ${local(life.vector.pending_since)}`, failed: `failed: ${life.vector.reason}`, none: "none" }[life.vector.state];
  const limits = [life.complete ? null : "The log took too long to read: events are missing.",
    life.events_left_out ? `${several(life.events_left_out, "older event is", "older events are")} not shown.` : null,
    life.log_begins_at ? `The log begins at ${local(life.log_begins_at)}.` : null,
    "When an event became searchable is known since this process started."].filter(Boolean).join(" ");
  byId("life").replaceChildren(
    table("Events, in the order of their stamps", ["stamp", "topic", "change", "outcome", "fields", "arrived", "searchable", "record"], life.events.map(eventRow), "stacked"),
    make("p", { class: "quiet" }, limits),
    make("h3", {}, "Its point"),
    item ? table("Point", ["field", "value"], [
      ["status", item.status], ["version", String(item.version)], ["vector", vector], ["fingerprint", life.fingerprint],
      ["fingerprint of the vector", life.vector.fingerprint],
      ["left out by a limit", item.left_out.length ? `some of its ${item.left_out.join(", ")}` : "nothing"],
      ...["product", "price", "reviews"].map((facet) => [`${facet} searchable since`, item.searchable_at[facet] ? when(item.searchable_at[facet]) : `no ${facet} yet`]),
    ], "stacked") : make("p", {}, "The index has none."),
    life.document == null ? "" : make("details", {}, make("summary", {}, "Document"), make("pre", {}, life.document)),
    item ? make("details", {}, make("summary", {}, "Point as JSON"), make("pre", {}, JSON.stringify(item, null, 2))) : "");
  byId("life").hidden = false;
}

const place = (each) => [!each.ranked ? "nothing is ranked" : each.rank == null ? `not among the first ${count(each.ranked)}` : `${count(each.rank)} of ${count(each.ranked)}`, each.score == null ? "" : String(each.score)];
const values = (value) => (value == null || value.length === 0 ? "nothing" : [value].flat().map(shown).join(", "));

function showWhy(found) {
  const rankings = [["words", found.by_words, found.words_min], ["vectors", found.by_vectors, found.cosine_min], ["relevance", found.fused, null], ["answer", found.answered, null]];
  const weights = [...Object.entries(found.factors).map(([name, factor]) => [name, `× ${factor.factor.toFixed(2)}, share ${factor.share.toFixed(2)}`]),
    ...found.rules.map((rule) => [`rule ${rule.id}`, rule.action === "boost" ? `× ${rule.factor.toFixed(2)}` : rule.action])];
  byId("why").replaceChildren(
    make("h3", {}, `Why “${found.query}” finds it, or does not`),
    make("ul", {}, ...found.why.map((sentence) => make("li", {}, sentence))),
    found.filters.length ? table("Filters, those that the search reads in the query too", ["filter", "wanted", "the item has", ""], found.filters.map((check) => [check.name, values(check.wanted), values(check.has), check.passes ? "passes" : "fails"])) : "",
    table("Rankings", ["ranking", "rank", "score", "a result needs"], rankings.map(([name, each, least]) => [name, ...place(each), least == null ? "" : least.toFixed(2)])),
    weights.length ? table(`Weight ${found.weight.toFixed(2)}`, ["factor", "counts"], weights) : "",
    table("Words that are searched for", ["word", "fields that say it"], found.words.map((word) => [word.word, word.fields.join(", ") || "none"])));
}

// One of the two may fail: the other is shown all the same.
async function show(product, query, filters) {
  byId("life").hidden = byId("why").hidden = true;
  setText(byId("product-said"), "Reading the log ...");
  if (query) {
    const asked = new URLSearchParams([["q", query], ["product_id", product], ...new URLSearchParams(filters)]);
    await ask(`/explain?${asked}`).then(showWhy, (error) => byId("why").replaceChildren(make("p", { class: "bad", role: "alert" }, `Why is not known: ${error.message}`)));
    byId("why").hidden = false;
  }
  try {
    const life = await ask(`/products/${encodeURIComponent(product)}/life`);
    showLife(life);
    setText(byId("product-said"), `${several(life.events.length, "event")} of ${product}.`);
  } catch (error) {
    setText(byId("product-said"), error.message);
  }
}

export function startProduct() {
  const form = byId("product-form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(form.elements.product.value.trim(), form.elements.q.value.trim(), form.elements.filters.value.trim());
  });
  const asked = new URLSearchParams(location.search);
  if (asked.get("product")) {
    form.elements.product.value = asked.get("product");
    form.elements.q.value = asked.get("q") ?? "";
    asked.delete("product");
    asked.delete("q");
    form.elements.filters.value = asked.toString();
    form.requestSubmit();
  }
}
