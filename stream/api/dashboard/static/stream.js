// The one stream of events, and what state the page is in: loading, live, paused, stale or gone.

const AGAIN_MS = 1000;
const STALE_MS = 5000;

export class Stream {
  constructor({ onEvent, onState }) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.lastMs = null; // when the last event came
    this.goneMs = null; // since when the API does not answer
    this.paused = false;
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => this.look());
    this.open();
  }

  open() {
    clearTimeout(this.again);
    this.source?.close();
    this.source = new EventSource("/events");
    for (const name of ["points", "snapshot", "trouble"]) {
      this.source.addEventListener(name, (event) => this.came(name, JSON.parse(event.data)));
    }
    this.source.onerror = () => this.lost();
  }

  came(name, body) {
    this.goneMs = null;
    this.lastMs = Date.now();
    this.onEvent(name, body);
    this.look();
  }

  // A browser asks again by itself only after some errors: this page always does.
  lost() {
    if (this.paused) return;
    this.goneMs ??= Date.now();
    this.source.close();
    this.again = setTimeout(() => this.open(), AGAIN_MS);
    this.look();
  }

  // Nothing is asked for while the page is paused: the API computes nothing for it.
  pause(paused) {
    this.paused = paused;
    if (paused) { clearTimeout(this.again); this.source.close(); } else this.open();
    this.look();
  }

  state() {
    if (this.paused) return "paused";
    if (this.goneMs != null) return "gone";
    if (this.lastMs == null) return "loading";
    return Date.now() - this.lastMs > STALE_MS ? "stale" : "live";
  }

  look() {
    this.onState(this.state(), this.lastMs, this.goneMs);
  }
}
