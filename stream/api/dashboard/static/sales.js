// The sale calendar: prices that change without an event.

import { ask, byId, setText, textTable } from "/static/dom.js";
import { count, seconds, time } from "/static/format.js";

const money = (price, currency) => (price == null ? "none" : `${price} ${currency ?? ""}`);

async function show() {
  try {
    const { coming, coming_total: total, changed } = await ask("/sales");
    setText(byId("sales-said"), `${count(total)} prices will change in the next day${total > coming.length ? `; the first ${count(coming.length)} are shown` : ""}.`);
    byId("sales-list").replaceChildren(
      textTable("Coming", ["at", "product", "title", "price", "then"], coming.map((each) =>
        [time(each.at), each.product_id, each.title, money(each.price, each.currency), money(each.then, each.currency)])),
      textTable("In the last hour", ["at", "product", "late by"], changed.map((each) => [time(each.at), each.product_id, seconds(each.late_seconds)])));
  } catch (error) {
    setText(byId("sales-said"), error.message);
  }
}

export function startSales() {
  byId("sales-show").addEventListener("click", show);
}
