// What a snapshot says, in words and tables.

import { byId, fillPairs, fillRows, make, setText } from "/static/dom.js";
import { bytes, clock, count, ended, percent, rate, seconds, several } from "/static/format.js";

const WINDOWS = { "5m": "5 minutes", "1h": "hour", "1d": "day" };
const STAGES = { log: "log", fold: "fold", item_log: "item log", write: "write" };

export function showFresh(snapshot) {
  const { objective, freshness, oldest } = snapshot;
  setText(byId("verdict"), verdict(snapshot));
  const all = objective.windows.all ?? {};
  byId("shares").replaceChildren(
    ...Object.entries(WINDOWS).map(([name, words]) => shareTile(words, all[name], objective)),
    oldestTile(oldest, objective),
  );
  const topics = Object.keys(snapshot.flow).filter((topic) => freshness[topic]?.total?.events);
  fillRows(byId("stages"), topics.map((topic) => stageRow(topic, freshness[topic])));
  setText(byId("stages-caption"), topics.length ? "From event to search, over the last minute. The stages log, fold, item log and write add up to the mean." : "No event became searchable in the last minute.");
}

// Until a worker says how far it is, all that the log holds may wait.
function verdict({ ready, reasons, objective, oldest, starting, lag, lag_events: waiting }) {
  if (!ready) return ended(`Not ready: ${reasons.join("; ")}`);
  if (starting) return `Starting: no worker has joined ${several(starting, "partition")} yet; ${waiting ? `up to ${several(waiting, "change waits", "changes wait")}` : "nothing waits"}.`;
  const { share } = objective.windows.all?.["5m"] ?? {};
  if (oldest && oldest.seconds > objective.seconds) return `No: a change of ${oldest.topic} has waited ${seconds(oldest.seconds)}. ${placeWords(lag)}`;
  if (share != null && share < objective.share) return `No: ${percent(share)} of events within ${seconds(objective.seconds)}, the objective is ${percent(objective.share)}${afterStart(objective)}.`;
  if (share == null) return waiting ? `Nothing came in the last 5 minutes; ${count(waiting)} wait.` : "Nothing came in the last 5 minutes, and nothing waits.";
  return `Yes: ${percent(share)} of events within ${seconds(objective.seconds)}.`;
}

const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);

// Who is to be looked at.
const placeWords = ({ inputs, items }) => `${several(sum(inputs), "event waits", "events wait")} for the items worker, ${several(items, "item record")} for the index worker.`;

function oldestTile(oldest, objective) {
  const title = "Oldest change not yet searchable";
  if (!oldest) return tile(title, "none waits", "");
  return tile(title, oldest.seconds < 1 ? "under 1 s" : seconds(oldest.seconds), oldest.topic, oldest.seconds > objective.seconds ? "bad" : "");
}

// A start is no excuse, but whoever looks must know that it is the reason.
const afterStart = ({ counted_for_seconds: since }) => (since < 300 ? `; what waited for the start ${seconds(since)} ago counts too` : "");

function shareTile(words, window, objective) {
  if (!window?.events) return tile(`Last ${words}`, "–", "no event");
  const left = window.budget_left;
  const budget = left >= 0 ? `${percent(left)} of the error budget left` : `error budget overspent ${rate(1 - left)} times`;
  return tile(`Last ${words}, within ${seconds(objective.seconds)}`, percent(window.share), `${several(window.events, "event")}, ${budget}`, left < 0 ? "bad" : "good");
}

const tile = (title, value, more, tone = "") =>
  make("div", { class: "tile" }, make("span", { class: "quiet" }, title), make("b", { class: tone }, value), make("span", { class: "quiet" }, more));

function stageRow(topic, stages) {
  const { total } = stages;
  const means = Object.keys(STAGES).map((stage) => stages[stage]?.mean ?? null);
  const all = means.reduce((a, b) => a + (b ?? 0), 0);
  const bar = make("div", { class: "bar", role: "img", "aria-label": Object.values(STAGES).map((name, n) => `${name} ${seconds(means[n])}`).join(", ") });
  means.forEach((mean, n) => {
    const part = make("i", { class: `s${n + 1}`, title: `${Object.values(STAGES)[n]} ${seconds(mean)}` });
    part.style.width = `${all ? (100 * (mean ?? 0)) / all : 0}%`;
    bar.append(part);
  });
  return [topic, count(total.events), seconds(total.p50), seconds(total.p95), seconds(total.p99), seconds(total.mean),
    ...means.map(seconds), seconds(stages.embed?.mean), bar];
}

export function showStageKey() {
  byId("stage-key").replaceChildren(...Object.values(STAGES).map((name, n) => make("span", {}, make("i", { class: `s${n + 1}` }), name)));
}

const LANE_WORDS = { vanishing: "vanishing (delisted, out of stock)", arrived: "arrived", texts: "texts (new)", backfill: "backfill (rebuild)" };
const PLAN_WORDS = { skip: "unchanged", patch: "patched", embed: "with a new text", upsert: "written whole", hide: "hidden (delisted or parked)" };

function savedTime(saved, embeddings) {
  if (saved != null) return `${seconds(saved)} of processor time`;
  return embeddings.computed ? "not known: this model does not measure its processor time" : "not known yet: no text was embedded";
}

export function showFlow({ flow, plans, embeddings, saved_seconds: saved, dead_letters: letters }) {
  fillRows(byId("flow"), Object.entries(flow).map(([topic, each]) =>
    [topic, rate(each.per_second), count(each.folded), count(each.stale), count(each.duplicate), count(each.forwarded), count(each.dead_letters)]));
  fillPairs(byId("plans"), [
    ["item records", Object.entries(plans).map(([plan, n]) => `${PLAN_WORDS[plan]} ${count(n)}`).join(", ") || "none yet"],
    ["embeddings", `${count(embeddings.computed)} made, ${count(embeddings.cached)} cached, ${count(embeddings.avoided)} avoided, ${count(embeddings.failed)} failed`],
    ["saved by that", savedTime(saved, embeddings)],
    ["dead letters ever", Object.entries(letters).map(([topic, n]) => `${topic} ${count(n)}`).join(", ")],
  ]);
}

export function showLag({ partitions, partitions_left_out: more, lanes, vectors, lag }) {
  const waiting = partitions.filter((each) => each.events);
  setText(byId("lag-caption"), waiting.length ? `Partitions that wait longest${more ? `; ${several(more, "more is", "more are")} not shown` : ""}` : "No event waits in any partition");
  fillRows(byId("lag"), waiting.map((each) => [each.topic, String(each.partition), count(each.events), seconds(each.seconds)]));
  fillPairs(byId("lanes"), [
    ["lanes, first to last", Object.entries(lanes).map(([lane, n]) => `${LANE_WORDS[lane] ?? lane} ${count(n)}`).join(", ")],
    ["vectors pending", pendingVectors(vectors)],
    ["sale windows due", count(lag.sale_boundaries)],
  ]);
}

function pendingVectors({ pending, per_second: speed, seconds_left: left, oldest_seconds: oldest }) {
  if (!pending) return "none";
  const until = left == null ? "none was written in the last minute" : `all made in ${seconds(left)} at ${rate(speed)} a second`;
  return `${count(pending)}, ${until}; the oldest waits ${seconds(oldest)}`;
}

export function showIndex({ index, index_bytes: size, log, fresh_as_of: asOf, drift, canary }) {
  fillPairs(byId("index"), [
    ["serving", `${index.collection} (${index.backend})`],
    ["model", index.model ?? "loading"],
    ["points", count(index.points)],
    ["on disk", size == null ? "at the Qdrant server" : bytes(size)],
    ["drift", driftWords(drift)],
    ["canary", canaryWords(canary)],
    ["previous index", index.previous ?? "none is kept"],
    ["log", `${log.kind}${log.bytes == null ? "" : `, ${bytes(log.bytes)} of memory`}`],
    ["complete up to", Object.entries(asOf).map(([topic, time]) => `${topic} ${time ? clock(Date.parse(time)) : "unknown"}`).join(", ")],
  ]);
  byId("rollback").hidden = !index.previous;
  setText(byId("rebuild"), rebuildWords(index));
}

function canaryWords({ interval_seconds: interval, last_seconds: last, median_seconds: median, overdue_seconds: overdue, overdue_partitions: late }) {
  if (!interval) return "off: no hidden item is searched for";
  if (late.length) return `stands still: late by ${seconds(overdue)}, partition ${late.slice(0, 8).join(", ")}`;
  if (last == null) return "not shown by a search yet";
  return `a search showed the last change after ${seconds(last)}, median ${seconds(median)}; one every ${seconds(interval)} a partition`;
}

function driftWords({ checked, partitions, last_at: last, items, faults, examples }) {
  if (!checked) return "not checked yet: a partition is compared with the log every 15 minutes";
  const where = `${count(items)} items in ${checked} of ${partitions} partitions, last at ${clock(Date.parse(last))}`;
  return faults ? `${count(faults)} differ (${examples.join("; ")}): run freshline reconcile. ${where}` : `none: ${where}`;
}

function rebuildWords({ rebuild: job, collection }) {
  if (!job) return "No rebuild since the process started.";
  if (job.state === "failed") return ended(`The rebuild failed: ${job.error}`);
  if (job.state === "done") {
    const isBack = job.result?.collection && job.result.collection !== collection;
    return `The last rebuild is done${isBack ? "; the collection before it serves again" : ""}.`;
  }
  const of = job.total ? ` of ${count(job.total)}` : "";
  return `A rebuild runs: ${job.phase}, ${count(job.done)}${of}${job.seconds_left == null ? "" : `, ${seconds(job.seconds_left)} left`}.`;
}
