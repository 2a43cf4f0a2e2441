// Joins the stream to the page.

import { Chart } from "/static/charts.js";
import { ask, byId, setText, withTimes } from "/static/dom.js";
import { clock, count, ended, seconds, sentence } from "/static/format.js";
import { showFlow, showFresh, showIndex, showLag, showStageKey } from "/static/sections.js";
import { startLetters } from "/static/letters.js";
import { startSales } from "/static/sales.js";
import { startProduct } from "/static/product.js";
import { Stream } from "/static/stream.js";

const TOPICS = ["products", "prices", "reviews"];
// A point is [time, p95 by topic, events a second by topic, events that wait, vectors pending].
const charts = [
  new Chart(byId("chart-fresh"), { label: "Event to search, p95", columns: [1, 2, 3], names: TOPICS, show: seconds, high: 0.002 }),
  new Chart(byId("chart-flow"), { label: "Events a second", columns: [4, 5, 6], names: TOPICS, show: count, high: 4 }),
  new Chart(byId("chart-lag"), { label: "Waiting", columns: [7, 8], names: ["events", "vectors pending"], show: count, high: 4 }),
];

const STATES = {
  loading: () => "Connecting",
  live: () => "Live",
  paused: (last) => `Paused at ${last ? clock(last) : "the start"}`,
  stale: (last) => `Stale: ${last ? `the last snapshot is of ${clock(last)}` : "no snapshot has come"}`,
  trouble: (last) => `No figures ${last ? `since ${clock(last)}` : "yet"}`,
  gone: (last, gone) => `The API has not answered since ${clock(gone)}`,
};
const NOT_KNOWN = {
  loading: () => "waiting for the next snapshot",
  stale: () => "no snapshot comes",
  trouble: () => troubleSaid,
  gone: () => "the API does not answer",
};
let troubleSaid = "";

function showState(state, last, gone) {
  document.body.dataset.state = state;
  setText(byId("state-text"), STATES[state](last, gone));
  if (state === "gone") trouble(["The API does not answer", `${last ? `The page shows what it said at ${clock(last)}` : "There is nothing to show yet"}, and asks again every second`]);
  if (NOT_KNOWN[state]) setText(byId("verdict"), ended(`Not known ${last ? `since ${clock(last)}` : "yet"}: ${NOT_KNOWN[state]()}`));
  // Only the first words are spoken, and only when they change: the figures change every second.
  setText(byId("verdict-said"), byId("verdict").textContent.split(/[.,;]|: /)[0]);
}

// Only what is new is put there, as it is read aloud.
function trouble(sentences) {
  const said = withTimes(sentences.map(sentence).join(" "));
  byId("trouble").hidden = !sentences.length;
  if (byId("trouble").textContent !== said.textContent) byId("trouble").replaceChildren(said);
}

function point(s) {
  const of = (value) => TOPICS.map((topic) => value(topic) ?? null);
  return [s.at_ms / 1000, ...of((topic) => s.freshness[topic]?.total?.p95), ...of((topic) => s.flow[topic]?.per_second), s.lag_events, s.vectors.pending];
}

function showSnapshot(snapshot) {
  trouble([...snapshot.failing, ...(snapshot.log.may_be_missing?.split("\n") ?? [])]);
  showFresh(snapshot);
  showFlow(snapshot);
  showLag(snapshot);
  showIndex(snapshot);
  charts.forEach((chart) => chart.add([point(snapshot)]));
  setText(byId("footer"), `Snapshot of ${clock(snapshot.at_ms)}. Shares are counted for ${seconds(snapshot.objective.counted_for_seconds)}, since this process started. Times are those of ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`);
}

function onEvent(name, body) {
  if (name === "points") charts.forEach((chart) => chart.add(body));
  else if (name === "snapshot") showSnapshot(body);
  else {
    troubleSaid = body.message;
    trouble([troubleSaid]);
  }
}

showStageKey();
startProduct();
startLetters();
startSales();
const stream = new Stream({ onEvent, onState: showState });

byId("pause").addEventListener("click", () => {
  const paused = !stream.paused;
  stream.pause(paused);
  byId("pause").setAttribute("aria-pressed", String(paused));
  setText(byId("pause"), paused ? "Go on" : "Pause");
});

byId("rollback").addEventListener("click", async () => {
  if (!confirm("Let the collection before the last rebuild serve again?")) return;
  const said = await ask("/rebuild/rollback", { method: "POST" }).then(() => "Done: it serves now.", (error) => error.message);
  setText(byId("rollback-said"), said);
});
