// Small makers of elements. Text is always set as text: a title or review full of markup is shown as it was written.

import { age, local } from "/static/format.js";

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name === "on") for (const [event, call] of Object.entries(value)) element.addEventListener(event, call);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

// Changes only the cells whose text differs, so that a screen reader and a selection are left alone.
export function setText(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

// Roles and labels are named, since a table that a phone shows as a list would lose them.
function nameHead(table) {
  for (const group of [table.tHead, table.tBodies[0]]) group.setAttribute("role", "rowgroup");
  table.tHead.rows[0].setAttribute("role", "row");
  for (const cell of table.tHead.rows[0].cells) cell.setAttribute("role", "columnheader");
}

// Each row is a list of texts or elements; the first cell is the header of its row.
export function fillRows(table, rows) {
  const body = table.tBodies[0], head = table.tHead.rows[0].cells;
  if (!head[0].hasAttribute("role")) nameHead(table);
  if (rows.length) table.setAttribute("role", "table"); else table.removeAttribute("role"); // An empty one shows its caption alone.
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, r) => {
    const row = body.rows[r] ?? body.appendChild(make("tr", { role: "row" }));
    cells.forEach((cell, c) => {
      const at = row.cells[c] ?? row.appendChild(cellOf(c ? "td" : "th", c ? "cell" : "rowheader", head[c].textContent, ""));
      if (cell instanceof Node) { at.replaceChildren(cell); at.className = "wide"; } else setText(at, cell);
    });
  });
}

export function fillPairs(list, pairs) {
  if (list.children.length !== 2 * pairs.length) {
    list.replaceChildren(...pairs.flatMap(() => [make("dt"), make("dd")]));
  }
  pairs.forEach(([name, value], n) => {
    setText(list.children[2 * n], name);
    setText(list.children[2 * n + 1], value);
  });
}

const cellOf = (tag, role, label, value) => make(tag, { role, scope: { columnheader: "col", rowheader: "row" }[role], "data-label": label }, value ?? "");

// A table of texts whose first column heads its rows; with `kind` "stacked" a phone shows each row as a list.
export function textTable(caption, head, rows, kind = "") {
  if (!rows.length) return make("p", { class: "quiet" }, `${caption}: none`);
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    make("table", { class: `text ${kind}`, role: "table" }, make("caption", {}, caption),
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...head.map((name) => cellOf("th", "columnheader", null, name)))),
      make("tbody", { role: "rowgroup" }, ...rows.map(([first, ...rest]) => make("tr", { role: "row" }, cellOf("th", "rowheader", null, first),
        ...rest.map((value, n) => cellOf("td", "cell", head[n + 1], value)))))));
}

// A time of the API by the viewer's clock, with its age; the API's own words are its title.
export function when(text) {
  return text == null ? "unknown" : moment(text, `${local(text)}, ${age(text)}`);
}

const moment = (text, words) => make("time", { datetime: text, title: text }, words);

// A sentence of the API, its times by the viewer's clock.
export const withTimes = (sentence) => make("span", {}, ...sentence.split(/(\d{4}-\d\d-\d\dT[\d:.]+Z)/)
  .map((part, n) => (n % 2 ? moment(part, local(part)) : part)));

// Asks the API; throws an Error whose message is the API's own sentence.
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The API does not answer.");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error?.message ?? `The API answers ${answer.status}.`);
  return body;
}
