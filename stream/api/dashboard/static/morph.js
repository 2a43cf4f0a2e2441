// Changes an element into another one with as few changes as can be: what has the focus or is selected stays.

export function morph(before, after) {
  if (before.nodeName !== after.nodeName) return before.replaceWith(after);
  if (before.nodeType === Node.TEXT_NODE) {
    if (before.data !== after.data) before.data = after.data;
    return;
  }
  if (before.nodeType !== Node.ELEMENT_NODE) return;
  for (const { name, value } of after.attributes) if (before.getAttribute(name) !== value) before.setAttribute(name, value);
  for (const { name } of [...before.attributes]) if (!after.hasAttribute(name) && !isOpen(before, name)) before.removeAttribute(name);
  morphAll(before, [...after.childNodes]);
}

// What a person has opened stays open.
const isOpen = (element, name) => element.nodeName === "DETAILS" && name === "open";

function morphAll(parent, nodes) {
  nodes.forEach((node, n) => {
    if (parent.childNodes[n]) morph(parent.childNodes[n], node); else parent.append(node);
  });
  while (parent.childNodes.length > nodes.length) parent.lastChild.remove();
}

// Changes the children of a list into others, each the one that has the same data-id.
export function morphList(list, rows) {
  const known = new Map([...list.children].map((row) => [row.dataset.id, row]));
  const wanted = rows.map((row) => {
    const before = known.get(row.dataset.id);
    known.delete(row.dataset.id);
    if (!before) return row;
    morph(before, row);
    return before;
  });
  known.forEach((row) => row.remove());
  wanted.forEach((row, n) => { if (list.children[n] !== row) list.insertBefore(row, list.children[n] ?? null); });
}
