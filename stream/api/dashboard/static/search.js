// A live search page: asks for itself again every second, and lets a row flash once its item has changed.

import "./suggest.js";

const AGAIN_MS = 1000;

const asOf = (list) => new Map([...list.children].map((row) => [row.dataset.id, row.dataset.asOf]));

async function again() {
  const list = document.getElementById("hits");
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const newest = page.getElementById("hits");
      if (newest) {
        show(list, newest, page.getElementById("found"));
        recount(document.getElementById("facets"), page.getElementById("facets"));
      }
    } catch {
      document.getElementById("found").textContent = "The API does not answer; this page asks again every second.";
    }
  }
  setTimeout(again, AGAIN_MS);
}

function show(list, newest, found) {
  const before = asOf(list);
  const open = new Set([...list.children].filter((row) => row.querySelector("details[open]")).map((row) => row.dataset.id));
  for (const row of newest.children) {
    row.classList.toggle("flash", before.get(row.dataset.id) !== row.dataset.asOf);
    row.querySelector("details")?.toggleAttribute("open", open.has(row.dataset.id));
  }
  list.replaceChildren(...newest.children);
  document.getElementById("found").textContent = found.textContent;
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

// A picture that does not load leaves no hole.
document.addEventListener("error", (event) => event.target.tagName === "IMG" && event.target.remove(), true);
if (document.querySelector("#hits[data-live]")) setTimeout(again, AGAIN_MS);
