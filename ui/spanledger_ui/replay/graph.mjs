// Which states a session went through: nodes of a graph, changes of state, agents in their turn.
//
// Steps come in; visits, and what the graph of them looks like at a step, go out. No DOM in here.

import { parentOf } from "./model.mjs";

/**
 * One arrival: at `place` the session was in `name`, coming from `from` (null: it began there).
 * @typedef {{place: number, name: string, from: string | null, reason: string | null}} Visit
 */

/**
 * @typedef {object} Sight the graph at a step
 * @property {string | null} current
 * @property {Set<string>} seen
 * @property {Map<string, number>} counts how often each edge was taken, by `edgeKey`
 * @property {Visit | null} last
 */

export const MOST_NODES = 40;

// what a session says of its states, best first: routers name the node that they lead to once more,
// so nodes and changes of state are never counted together
const TOLD = [
  nodes,
  (steps) => steps.map((step) => step.to),
  (steps) => steps.map((step) => (step.kind === "agent" ? step.agent ?? step.name : null)),
];

/**
 * Return the arrivals of a session in the order of time: at nodes, else states, else agents.
 * @param {import("./model.mjs").Step[]} steps
 * @returns {Visit[]}
 */
export function visits(steps) {
  for (const named of TOLD) {
    const found = walked(steps, named);
    if (found.length) return found;
  }
  return [];
}

/**
 * Return the arrivals that `named` finds. What a step does not say of where it came from is the last
 * beside it that had ended when it began, so that two that ran side by side come from the same; the
 * first inside another comes from that one.
 */
function walked(steps, named) {
  const names = named(steps);
  const beside = new Map();
  /** @type {Visit[]} */
  const found = [];
  steps.forEach((step, place) => {
    if (!names[place]) return;
    const outer = around(steps, names, place);
    const level = outer < 0 ? traceOf(step) : outer;
    const earlier = beside.get(level) ?? [];
    const last = earlier.findLast((at) => over(steps[at], step.offset)) ?? outer;
    found.push({ place, name: names[place], from: step.from ?? names[last] ?? null, reason: step.reason });
    earlier.push(place);
    beside.set(level, earlier);
  });
  return found;
}

/**
 * Return the node that each step is, null for what is none. Some libraries record no node that merely
 * runs tools: there the first of the tool calls stands for it, which lies in no node and names one.
 */
function nodes(steps) {
  const names = steps.map((step) => (step.kind === "node" ? step.node ?? step.name : null));
  if (!names.some(Boolean)) return names;
  let running = null;
  steps.forEach((step, place) => {
    if (names[place]) running = null;
    if (step.kind !== "tool" || !step.node || around(steps, names, place) >= 0) return;
    if (step.node !== running) names[place] = step.node;
    running = step.node;
  });
  return names;
}

/** Return the nearest step around this one that is a visit, -1 without one. */
function around(steps, names, place) {
  let at = parentOf(steps, place);
  while (at >= 0 && !names[at]) at = parentOf(steps, at);
  return at;
}

const over = (step, ns) => step.duration !== null && step.offset + step.duration <= ns;
const traceOf = (step) => step.key.slice(0, step.key.indexOf("."));

/** Return what names an edge. A line break stands in no name: rows show one line. */
export const edgeKey = (from, to) => `${from}\n${to}`;

/**
 * Return the nodes in the order of their first visit, and the edges between them.
 * @param {Visit[]} told
 */
export function outline(told) {
  const names = new Set();
  for (const { name, from } of told) {
    if (from !== null) names.add(from);
    names.add(name);
  }
  const kept = [...names].slice(0, MOST_NODES);
  const place = new Map(kept.map((name, i) => [name, i]));
  const edges = new Map();
  for (const { name, from } of told) {
    if (from !== null && place.has(from) && place.has(name)) {
      edges.set(edgeKey(from, name), { from: place.get(from), to: place.get(name) });
    }
  }
  return { names: kept, edges, left: names.size - kept.length };
}

/**
 * Return what was visited up to a step, that step included.
 * @param {Visit[]} told
 * @param {number} place
 * @returns {Sight}
 */
export function sight(told, place) {
  const counts = new Map();
  const seen = new Set();
  let last = null;
  for (const visit of told) {
    if (visit.place > place) break;
    last = visit;
    seen.add(visit.name);
    if (visit.from === null) continue;
    seen.add(visit.from);
    const key = edgeKey(visit.from, visit.name);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { current: last?.name ?? null, seen, counts, last };
}
