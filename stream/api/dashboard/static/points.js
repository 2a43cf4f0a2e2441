// The points of the charts, each a list that begins with its time in seconds. All of these are pure.

const WINDOW_S = 300;
const GAP_S = 5;

// Joins points that may overlap, by time, and drops what is older than the window before the newest one.
export function merged(points, more) {
  const byTime = new Map([...points, ...more].map((point) => [point[0], point]));
  const sorted = [...byTime.values()].sort((a, b) => a[0] - b[0]);
  return sorted.filter((point) => point[0] >= sorted.at(-1)[0] - WINDOW_S);
}

// Puts a point without values where nothing was measured for a while, so that no line is drawn across.
export function withGaps(points) {
  return points.flatMap((point, n) => {
    const before = points[n - 1];
    return before && point[0] - before[0] > GAP_S ? [[before[0] + 1, ...before.slice(1).fill(null)], point] : [point];
  });
}
