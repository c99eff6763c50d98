// Which buckets of a strip are chosen. Pure.

/**
 * Return two places in order.
 * @param {number} from
 * @param {number} to
 * @returns {[number, number]}
 */
export function between(from, to) {
  return from < to ? [from, to] : [to, from];
}

/**
 * Return where a key leads from a place, null for a key that leads nowhere; the first time to the last.
 * @param {string} key
 * @param {number} at -1 before the first time
 * @param {number} buckets
 */
export function moved(key, at, buckets) {
  const last = buckets - 1;
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key !== "ArrowLeft" && key !== "ArrowRight") return null;
  if (at < 0) return last;
  return Math.min(last, Math.max(0, at + (key === "ArrowLeft" ? -1 : 1)));
}
