// Charts of the last five minutes, each with a table behind it. Series differ by dash and by name, not by colour alone.

import uPlot from "/static/vendor/uPlot.esm.js";
import { clock } from "/static/format.js";
import { fillRows, make } from "/static/dom.js";
import { merged, withGaps } from "/static/points.js";

const HEIGHT = 150;
const SECONDS_MIN = 60; // on the axis of time, so that the first points have room
const ROWS = 10;
const DASHES = [[], [6, 3], [2, 3]];
const DASH_NAMES = ["solid", "dashed", "dotted"];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Chart {
  // `columns` are the places of the series in a point; `names` and `show` say how they are written; `high` is the least
  // upper end of the axis, so that its marks differ.
  constructor(element, { label, columns, names, show, high }) {
    Object.assign(this, { element, label, columns, names, show, high });
    this.points = [];
    this.plot = null;
    this.canvas = make("div", { role: "img", "aria-label": `${label}: the table below has the figures` });
    this.table = make("table", {},
      make("caption", {}, `${label}: one row every 30 s, the newest first`),
      make("thead", {}, make("tr", {}, ...["time", ...names].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody"));
    this.details = make("details", { on: { toggle: () => this.fillTable() } }, make("summary", {}, "Table"),
      make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Table: ${label}` }, this.table));
    element.replaceChildren(this.canvas, this.details);
    new ResizeObserver(() => this.plot?.setSize({ width: this.canvas.clientWidth, height: HEIGHT })).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.plot?.destroy(); this.plot = null; this.draw(); });
  }

  // A process that has just started has no points: those of the one before stay.
  add(points) {
    this.points = merged(this.points, points);
    this.draw();
  }

  draw() {
    if (document.hidden || !this.points.length) return;
    const points = withGaps(this.points);
    const series = [points.map((p) => p[0]), ...this.columns.map((c) => points.map((p) => p[c]))];
    if (this.plot) this.plot.setData(series); else this.plot = new uPlot(this.options(), series, this.canvas);
    this.fillTable();
  }

  fillTable() {
    if (!this.details.open) return;
    const rows = this.points.filter((_, n) => (this.points.length - 1 - n) % 30 === 0).slice(-ROWS).reverse();
    fillRows(this.table, rows.map((p) => [clock(p[0] * 1000), ...this.columns.map((c) => this.show(p[c]))]));
  }

  options() {
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    return {
      width: this.canvas.clientWidth || 320,
      height: HEIGHT,
      cursor: { drag: { x: false, y: false } },
      scales: { x: { range: (_, first, last) => [Math.min(first, last - SECONDS_MIN), last] }, y: { range: (_, low, high) => [0, Math.max(high * 1.1, this.high)] } },
      legend: { live: false, markers: { width: 2, dash: (_, n) => DASH_NAMES[(n - 1) % 3] } },
      axes: [{ ...axis, size: 26, space: 70, values: (_, times) => times.map((t) => clock(t * 1000)) }, { ...axis, size: 58, values: (_, values) => values.map((v) => this.show(v)) }],
      series: [
        {},
        ...this.names.map((name, n) => ({
          label: name, stroke: colour(`--s${n + 1}`), dash: DASHES[n % 3], width: 1.5, points: { show: false },
        })),
      ],
    };
  }
}
