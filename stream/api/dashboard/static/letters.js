// Dead letters: browsed by topic and reason, repaired, and sent back once.

import { ask, byId, make, setText, textTable, when } from "/static/dom.js";
import { count, several } from "/static/format.js";

async function list(topic, reason) {
  const asked = new URLSearchParams({ topic, ...(reason == null ? {} : { reason }) });
  setText(byId("letters-said"), "Reading ...");
  try {
    const found = await ask(`/dead-letters?${asked}`);
    showReasons(topic, found.reasons, reason);
    byId("letters-list").replaceChildren(...found.letters.map((letter) => letterView(topic, letter)));
    const shown = found.letters.length < found.waiting ? `, ${count(found.letters.length)} are shown, the newest first` : "";
    setText(byId("letters-said"), topic === ITEMS ? (found.waiting ? `${several(found.waiting, "item record or text", "item records or texts")} could not be indexed${shown}.` : "Every item record and text could be indexed.")
      : found.waiting ? `${several(found.waiting, "waits", "wait")}${shown}; ${several(found.sent_again, "was", "were")} sent back.`
        : `No dead letter of ${topic} waits; ${several(found.sent_again, "was", "were")} sent back.`);
  } catch (error) {
    setText(byId("letters-said"), error.message);
  }
}

// The button that was pressed is made anew, and keeps the focus.
function showReasons(topic, reasons, chosen) {
  const focused = document.activeElement.dataset.reason;
  const button = (each) => make("button", { type: "button", "data-reason": each.reason, "aria-pressed": String(each.reason === chosen), on: { click: () => list(topic, each.reason === chosen ? null : each.reason) } }, count(each.count));
  byId("letters-reasons").replaceChildren(...(reasons.length ? [textTable("By reason; a count shows only those", ["count", "reason", "since", "until"],
    reasons.map((each) => [button(each), each.reason, when(each.since), when(each.until)]), "stacked")] : []));
  [...byId("letters-reasons").querySelectorAll("button")].find((button) => button.dataset.reason === focused)?.focus();
}

// Letters of the item log are shown alone: nobody edits an item state.
const ITEMS = "items";

function advice(topic, letter) {
  if (topic === ITEMS && letter.superseded) return "The index has a newer record of this item: nothing is to be done.";
  if (topic === ITEMS) return "freshline reconcile --repair tries its item again, once what the reason names is mended.";
  if (!letter.is_whole) return `This is its beginning, as it is too long for a page: repair it with freshline replay ${topic} --from-dlq --repaired FILE.`;
  return letter.refused_again ? "" : "As it is it would be accepted now.";
}

function letterView(topic, letter) {
  const said = make("p", { role: "status" }, advice(topic, letter));
  const text = make("textarea", { "aria-label": `Event of ${letter.origin}`, spellcheck: "false" });
  text.value = letter.text;
  text.readOnly = topic === ITEMS || !letter.is_whole;
  const send = make("button", { type: "button" }, "Send back");
  send.hidden = text.readOnly;
  send.addEventListener("click", () => sendBack(topic, letter, text, send, said));
  return make("details", {},
    make("summary", {}, make("code", {}, letter.origin), ` ${letter.key ?? "no key"}: ${letter.reason} (`, when(letter.refused_at), ")"),
    text, send, said);
}

// The button stays disabled once it was sent: the API refuses a second time as well.
async function sendBack(topic, letter, text, send, said) {
  send.disabled = true;
  setText(said, "Sending ...");
  try {
    const body = JSON.stringify({ topic, origin: letter.origin, text: text.value });
    await ask("/dead-letters/resend", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    said.className = "good";
    setText(said, `Sent back to ${topic}.`);
    text.readOnly = true;
  } catch (error) {
    said.className = "bad";
    setText(said, error.message);
    send.disabled = false;
  }
}

export function startLetters() {
  const form = byId("letters-form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list(form.elements.topic.value, null);
  });
}
