// Numbers and times in words. All of these are pure.

const NONE = "–";

export const count = (n) => (n == null ? NONE : Math.round(n).toLocaleString("en"));

export function seconds(s) {
  if (s == null) return NONE;
  if (s < 0.9995) return `${(s * 1000).toFixed(s < 0.00995 ? 1 : 0)} ms`;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 120) return `${s.toFixed(0)} s`;
  if (s < 7200) return `${(s / 60).toFixed(0)} min`;
  return s < 172800 ? `${(s / 3600).toFixed(0)} h` : `${(s / 86400).toFixed(0)} d`;
}

export const rate = (n) => (n == null ? NONE : n < 10 ? n.toFixed(1) : count(n));

// Never rounded up to 100%: one late event in a million shows. Below 99% nobody needs the thousandths.
export function percent(share) {
  if (share == null) return NONE;
  const digits = share < 0.99 ? 10 : 1000;
  return `${Math.floor(share * 100 * digits + 1e-9) / digits}%`;
}

export const several = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function bytes(n) {
  if (n == null) return NONE;
  for (const [unit, size] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (n >= size) return `${(n / size).toFixed(1)} ${unit}`;
  }
  return `${n} B`;
}

// The price with all its decimals, and at least as many as its currency has.
export function money(price, currency) {
  if (price == null) return "none";
  const digits = currency ? new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().minimumFractionDigits : 2;
  return `${price.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: 9 })} ${currency ?? ""}`.trim();
}

// A sentence of the API, which may begin small and without an end.
export const ended = (text) => (/[.?!]$/.test(text) ? text : `${text}.`);
export const sentence = (text) => ended(text[0].toUpperCase() + text.slice(1));

export const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");

// A time of the API by the viewer's clock: Sweden writes it year first, as the API does.
export const local = (text) => (text == null ? "unknown" : new Date(text).toLocaleString("sv-SE"));

export function age(text) {
  const s = (Date.now() - Date.parse(text)) / 1000;
  return s < 0 ? `in ${seconds(-s)}` : `${seconds(Math.max(1, s))} ago`;
}
