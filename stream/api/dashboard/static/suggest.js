// Suggestions while a shopper types: a combobox with a list, as the ARIA practices describe it. All texts are text nodes.

import { ask, make } from "./dom.js";

const input = document.querySelector("input[name=q]");
const list = document.getElementById("suggestions");
let asked = 0;
let active = -1;

const options = () => [...list.children];

function close() {
  asked += 1;
  active = -1;
  list.hidden = true;
  list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function mark(number) {
  const all = options();
  active = (number + all.length + 1) % (all.length + 1);
  all.forEach((option, n) => option.setAttribute("aria-selected", String(n === active)));
  if (active < all.length) {
    input.setAttribute("aria-activedescendant", all[active].id);
    all[active].scrollIntoView({ block: "nearest" });
  } else {
    active = -1;
    input.removeAttribute("aria-activedescendant");
  }
}

function pick(option) {
  input.value = option.dataset.q;
  close();
  input.form.requestSubmit();
}

// The first place where the typed text stands, if it does, is set apart.
function withTyped(text, typed) {
  const at = text.toLowerCase().indexOf(typed.trim().toLowerCase());
  if (at < 0 || !typed.trim()) return [text];
  const end = at + typed.trim().length;
  return [text.slice(0, at), make("mark", {}, text.slice(at, end)), text.slice(end)];
}

function option(number, text, kind, typed) {
  const made = make("li", { role: "option", id: `suggestion-${number}`, "aria-selected": "false", class: kind, "data-q": text },
    make("span", {}, ...withTyped(text, typed)), kind === "product" && make("span", { class: "quiet" }, " product"));
  // Without this the input would lose its focus, and with it the list, before the click.
  made.addEventListener("mousedown", (event) => event.preventDefault());
  made.addEventListener("click", () => pick(made));
  return made;
}

async function suggest() {
  const typed = input.value;
  if (!typed.trim()) return close();
  const mine = ++asked;
  let found;
  try {
    found = await ask(`/suggest?q=${encodeURIComponent(typed.slice(0, 100))}`);
  } catch {
    return close();
  }
  if (mine !== asked || document.activeElement !== input) return;
  const texts = [...found.queries.map((text) => [text, "query"]), ...found.products.map(({ title }) => [title, "product"])];
  if (!texts.length) return close();
  active = -1;
  input.removeAttribute("aria-activedescendant");
  list.replaceChildren(...texts.map(([text, kind], number) => option(number, text, kind, typed)));
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
}

const KEYS = {
  ArrowDown: () => (list.hidden ? suggest() : mark(active + 1)),
  ArrowUp: () => !list.hidden && mark(active < 0 ? options().length - 1 : active - 1),
  Escape: close,
};

input.addEventListener("input", suggest);
input.addEventListener("blur", close);
input.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter" && active >= 0) {
    event.preventDefault();
    pick(options()[active]);
  } else if (event.key in KEYS) {
    if (event.key !== "Escape" || !list.hidden) event.preventDefault();
    KEYS[event.key]();
  }
});
