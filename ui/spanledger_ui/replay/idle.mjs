// When nothing ran, and a clock that passes such times quickly. Pure: nanoseconds in, shares out.

import { waits } from "./model.mjs";

export const LEAST_IDLE_NS = 5 * 60e9;
const SHOWN = 0.02; // of the time that is left, for each gap that is compressed

/** @typedef {{from: number, to: number}} Gap */

/**
 * Return the times of at least five minutes in which no step worked: between steps, and while they
 * waited for somebody. A step that has others in it works while they do.
 * @param {import("./model.mjs").Step[]} steps
 * @param {number} total length of the axis in ns
 * @returns {Gap[]}
 */
export function gaps(steps, total) {
  const parents = new Set(steps.map((step) => step.parent));
  const work = steps
    .filter((step, place) => !parents.has(place) && !waits(step))
    .map((step) => [step.offset, step.offset + (step.duration ?? total - step.offset)])
    .sort((a, b) => a[0] - b[0]);
  const found = [];
  let busy = 0;
  for (const [from, to] of [...work, [total, total]]) {
    if (from - busy >= LEAST_IDLE_NS) found.push({ from: busy, to: from });
    busy = Math.max(busy, to);
  }
  return found;
}

/**
 * Return how long all gaps are.
 * @param {Gap[]} idle
 */
export const lengthOf = (idle) => idle.reduce((sum, gap) => sum + gap.to - gap.from, 0);

/**
 * Return a clock: from a time in ns to its place between 0 and 1, gaps passed quickly.
 * @param {number} total
 * @param {Gap[]} idle the gaps to compress; none for an even clock
 * @returns {(ns: number) => number}
 */
export function clock(total, idle) {
  if (!idle.length) return (ns) => ns / total;
  const work = total - lengthOf(idle);
  const short = Math.max(1, work) * SHOWN;
  const all = work + short * idle.length;
  return (ns) => {
    let worked = ns;
    let idled = 0;
    for (const { from, to } of idle) {
      if (ns <= from) break;
      const inside = Math.min(ns, to) - from;
      worked -= inside;
      idled += (inside / (to - from)) * short;
    }
    return (worked + idled) / all;
  };
}
