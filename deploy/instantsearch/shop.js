// InstantSearch widgets over Freshline. `?api=http://127.0.0.1:8765&currency=EUR` says which API, and the currency of
// prices where items have several.

import { freshlineSearchClient } from "./freshline.js";

const asked = new URLSearchParams(location.search);
const currency = asked.get("currency");
const { widgets } = instantsearch;
const search = instantsearch({
  indexName: "items",
  searchClient: freshlineSearchClient({
    api: asked.get("api") ?? "",
    always: currency ? { currency } : {},
    empty: { availability: "in_stock" },
  }),
  future: { preserveSharedStateOnUnmount: true },
});

const stars = (value) => `${value} stars and up`;

search.addWidgets([
  widgets.configure({ hitsPerPage: 12 }),
  widgets.searchBox({ container: "#query", placeholder: "Search" }),
  widgets.stats({ container: "#stats" }),
  widgets.sortBy({
    container: "#order",
    items: [
      { value: "items", label: "Best match" },
      { value: "items_price_asc", label: "Price, lowest first" },
      { value: "items_price_desc", label: "Price, highest first" },
      { value: "items_rating", label: "Rating" },
      { value: "items_newest", label: "Newest" },
    ],
  }),
  widgets.hierarchicalMenu({ container: "#category", attributes: ["category.lvl0", "category.lvl1", "category.lvl2"] }),
  widgets.refinementList({ container: "#brand", attribute: "brand" }),
  widgets.rangeInput({ container: "#price", attribute: "price", precision: 2 }),
  widgets.ratingMenu({
    container: "#rating",
    attribute: "rating",
    templates: { item: ({ url, value, count }, { html }) => html`<a href="${url}">${stars(value)}</a> ${count}` },
  }),
  widgets.menu({ container: "#availability", attribute: "availability" }),
  widgets.refinementList({ container: "#color", attribute: "attributes.color" }),
  widgets.hits({
    container: "#hits",
    templates: {
      item: (hit, { html, components }) => html`
        <span class="price">${hit.price == null ? "" : `${hit.price.toFixed(2)} ${hit.currency}`}</span>
        <strong>${components.Highlight({ attribute: "title", hit })}</strong>
        <div>${hit.brand ?? ""}</div>
        <div>${components.Snippet({ attribute: "description", hit })}</div>
      `,
      empty: (_, { html }) => html`<p>Nothing was found.</p>`,
    },
  }),
  widgets.pagination({ container: "#pages" }),
]);

const problem = document.getElementById("problem");
search.on("error", ({ error }) => {
  problem.textContent = error.message;
  problem.hidden = false;
});
search.on("render", () => {
  problem.hidden = !search.error;
});
search.start();
