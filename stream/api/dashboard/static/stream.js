// The one stream of events, and what state the page is in: loading, live, paused, stale, trouble or gone.

const AGAIN_MS = 1000;
const STALE_MS = 5000;

// Returns the sentence of an API that answers and gives no stream, null if it does not answer. The stream itself tells
// a script nothing of that.
async function refused() {
  const asking = new AbortController();
  const late = setTimeout(() => asking.abort(), STALE_MS);
  try {
    const answer = await fetch("/events", { signal: asking.signal });
    return answer.ok ? null : (await answer.json()).error.message;
  } catch {
    return null;
  } finally {
    clearTimeout(late);
    asking.abort();
  }
}

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

  // A browser asks again by itself only after some errors: this page always does. An API that refuses says why.
  async lost() {
    this.close();
    const { openedMs } = this;
    const refusal = await refused();
    if (this.paused || document.hidden || this.openedMs !== openedMs) return;
    if (refusal == null) this.goneMs ??= Date.now(); else this.came("trouble", { message: refusal });
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
