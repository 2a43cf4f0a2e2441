// The sale calendar: prices that change without an event.

import { ask, byId, setText, textTable, when } from "/static/dom.js";
import { count, money, seconds, several } from "/static/format.js";

async function show() {
  try {
    const { coming, coming_total: total, changed, changed_total: past } = await ask("/sales");
    const shown = (all, some, which, when) => `${several(all, "price change")} in the ${when}${all > some.length ? ` (the ${which} ${count(some.length)} shown)` : ""}`;
    setText(byId("sales-said"), `${shown(total, coming, "first", "next day")}, ${shown(past, changed, "last", "last hour")}.`);
    byId("sales-list").replaceChildren(
      textTable("Coming", ["at", "product", "title", "price", "then"], coming.map((each) =>
        [when(each.at), each.product_id, each.title, money(each.price, each.currency), money(each.then, each.currency)]), "stacked"),
      textTable("In the last hour", ["at", "product", "title", "price now", "late by"], changed.map((each) =>
        [when(each.at), each.product_id, each.title, money(each.price, each.currency), seconds(each.late_seconds)]), "stacked"));
  } catch (error) {
    setText(byId("sales-said"), error.message);
  }
}

export function startSales() {
  byId("sales-show").addEventListener("click", show);
}
