// Steps to rectangles on the timeline, and back. Pure: pixels in, pixels out.

export const LANE_PX = 9;
const GAP_PX = 1;
const LEAST_PX = 2; // a step too short to see is still a step
const MOST_LANES = 8;

/**
 * @typedef {{x: number, y: number, width: number, height: number}} Box
 * @typedef {{total: number, at: (ns: number) => number}} Axis its length in ns, and its clock
 */

/**
 * Return how many lanes these steps need: one a level of depth, the deep ones sharing the last.
 * @param {import("./model.mjs").Step[]} steps
 */
export function lanes(steps) {
  const deepest = steps.reduce((most, step) => Math.max(most, step.depth), 0);
  return Math.min(MOST_LANES, deepest + 1);
}

/**
 * Return the length of the axis: up to the end of the last step that ended.
 * @param {import("./model.mjs").Step[]} steps
 * @param {number} duration of the session
 */
export function span(steps, duration) {
  return steps.reduce((end, s) => Math.max(end, s.offset + (s.duration ?? 0)), Math.max(1, duration));
}

/**
 * Return where a step stands.
 * @param {import("./model.mjs").Step} step
 * @param {Axis} axis
 * @param {number} width of it in pixels
 * @returns {Box}
 */
export function box(step, axis, width) {
  const { begins, ends } = reach(step, axis);
  const x = Math.max(0, Math.min(begins * width, width - LEAST_PX));
  const wide = Math.max(LEAST_PX, ends * width - x);
  const lane = Math.min(step.depth, MOST_LANES - 1);
  return { x, y: lane * LANE_PX, width: Math.min(wide, width - x), height: LANE_PX - GAP_PX };
}

/**
 * Tell whether a step lies beside the axis, which may be a part of a longer one.
 * @param {import("./model.mjs").Step} step
 * @param {Axis} axis
 */
export function outside(step, axis) {
  const { begins, ends } = reach(step, axis);
  return ends < 0 || begins > 1;
}

/** Return where a step begins and ends; one that has not ended is drawn up to where the axis ends. */
function reach(step, axis) {
  const ends = step.duration === null ? axis.total : step.offset + step.duration;
  return { begins: axis.at(step.offset), ends: axis.at(ends) };
}

/**
 * Return the step under a point: the one in that lane, else the latest that had begun by then.
 * @param {import("./model.mjs").Step[]} steps
 * @param {Axis} axis
 * @param {number} width
 * @param {number} x
 * @param {number} y
 */
export function hit(steps, axis, width, x, y) {
  let begun = 0;
  let inLane = -1;
  steps.forEach((step, place) => {
    const at = box(step, axis, width);
    if (at.x > x + 1) return;
    begun = place;
    if (outside(step, axis)) return;
    if (y >= at.y && y < at.y + LANE_PX && x <= at.x + at.width + 1) inLane = place;
  });
  return inLane >= 0 ? inLane : begun;
}
