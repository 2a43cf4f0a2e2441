// The one stream of events, and what state the page is in: loading, live, paused, stale, trouble or gone.

const AGAIN_MS = 1000;
const STALE_MS = 5000;

export class Stream {
  constructor({ onEvent, onState }) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.lastMs = null; // when the last snapshot came
    this.openedMs = null; // when the stream was last asked for
    this.goneMs = null; // since when the API does not answer
    this.troubleMs = null; // since when it answers that it has no snapshot
    this.paused = false;
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => this.follow());
    this.follow();
  }

  // Nothing is asked for while the page is paused: the API computes nothing for it. Nor by a tab that nobody sees: a
  // browser opens six connections to a host, and a seventh tab would wait for one.
  follow() {
    if (this.paused || document.hidden) this.close(); else this.open();
    this.look();
  }

  open() {
    this.close();
    this.openedMs = Date.now();
    this.source = new EventSource("/events");
    for (const name of ["points", "snapshot", "trouble"]) {
      this.source.addEventListener(name, (event) => this.came(name, JSON.parse(event.data)));
    }
    this.source.onerror = () => this.lost();
  }

  close() {
    clearTimeout(this.again);
    this.source?.close();
  }

  came(name, body) {
    this.goneMs = null;
    if (name === "trouble") this.troubleMs ??= Date.now();
    if (name === "snapshot") { this.troubleMs = null; this.lastMs = Date.now(); }
    this.onEvent(name, body);
    this.look();
  }

  // A browser asks again by itself only after some errors: this page always does.
  lost() {
    this.close();
    this.goneMs ??= Date.now();
    this.again = setTimeout(() => this.open(), AGAIN_MS);
    this.look();
  }

  pause(paused) {
    this.paused = paused;
    this.follow();
  }

  state() {
    if (this.paused) return "paused";
    if (this.goneMs != null) return "gone";
    if (this.troubleMs != null) return "trouble";
    if (Date.now() - Math.max(this.lastMs, this.openedMs) > STALE_MS) return "stale";
    return this.lastMs == null || this.openedMs > this.lastMs ? "loading" : "live";
  }

  look() {
    this.onState(this.state(), this.lastMs, this.goneMs);
  }
}
