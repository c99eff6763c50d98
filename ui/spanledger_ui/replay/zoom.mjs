// A part of the timeline, looked at closer. Pure: shares of the axis in, shares out.

const CLOSEST = 1e-5; // of the axis: a millisecond of two minutes

/**
 * @typedef {{from: number, to: number}} Lens both ends as shares of the axis
 * @typedef {import("./scale.mjs").Axis} Axis
 */

/** @type {Lens} */
export const WHOLE = { from: 0, to: 1 };

/** @param {Lens} lens */
const length = (lens) => lens.to - lens.from;

/** @param {Lens} lens */
export const isWhole = (lens) => length(lens) >= 1;

/**
 * Return a lens `factor` times as wide, around a point that stays where it is.
 * @param {Lens} lens
 * @param {number} factor below 1 to look closer
 * @param {number} at the point, as a share of the lens
 */
export function zoomed(lens, factor, at) {
  const wide = Math.min(1, Math.max(CLOSEST, length(lens) * factor));
  return placed(lens.from + at * length(lens) - at * wide, wide);
}

/**
 * Return the lens moved by a share of its own width.
 * @param {Lens} lens
 * @param {number} by
 */
export const panned = (lens, by) => placed(lens.from + by * length(lens), length(lens));

/**
 * Return the lens moved so that a point of the axis is in its middle.
 * @param {Lens} lens
 * @param {number} at share of the axis
 */
export const centred = (lens, at) => placed(at - length(lens) / 2, length(lens));

/**
 * Return the lens, moved only if a point of the axis lies outside it.
 * @param {Lens} lens
 * @param {number} at
 */
export const showing = (lens, at) => (at >= lens.from && at <= lens.to ? lens : centred(lens, at));

/** Return a lens of this width that begins here, or as near as the axis allows. */
function placed(from, wide) {
  const start = Math.min(Math.max(0, from), 1 - wide);
  return { from: start, to: start + wide };
}

/**
 * Return the axis as it looks through a lens: what lies outside is below 0 or above 1.
 * @param {Axis} axis
 * @param {Lens} lens
 * @returns {Axis}
 */
export function through(axis, lens) {
  return { total: axis.total, at: (ns) => (axis.at(ns) - lens.from) / length(lens) };
}

/**
 * Return the time at a share of the axis, in whole nanoseconds, whatever its clock.
 * @param {Axis} axis
 * @param {number} share
 */
export function timeAt(axis, share) {
  let [low, high] = [0, axis.total];
  for (let i = 0; i < 48; i++) {
    const middle = (low + high) / 2;
    if (axis.at(middle) < share) low = middle;
    else high = middle;
  }
  return Math.round(high);
}

/**
 * Return the lens as the address bar carries it, null for the whole.
 * @param {Lens} lens
 */
export const written = (lens) => (isWhole(lens) ? null : `${lens.from.toFixed(5)}-${lens.to.toFixed(5)}`);

/**
 * Return the lens of an address, the whole for none and for nonsense.
 * @param {string | null} text
 */
export function read(text) {
  const [from, to] = (text ?? "").split("-").map(Number);
  return from >= 0 && to <= 1 && to - from >= CLOSEST ? { from, to } : WHOLE;
}
