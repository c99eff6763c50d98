// Which steps stand in the transcript: all but those inside a card that is shut. Pure.
//
// A card is an agent that another agent called, with all that it did.

import { plain, units } from "./format.mjs";
import { failed, parentOf } from "./model.mjs";

/**
 * @typedef {object} Card what a sub-agent did, its own step left out
 * @property {number} steps
 * @property {number} end the last step inside
 * @property {number} input billed tokens
 * @property {number} output
 * @property {string} cost
 * @property {number} unpriced
 * @property {number} errors
 */

/**
 * Return the cards of a session, and the innermost card around each step, -1 where there is none.
 * @param {import("./model.mjs").Step[]} steps
 */
export function folds(steps) {
  const around = new Int32Array(steps.length).fill(-1);
  const byAgent = new Uint8Array(steps.length);
  const cards = new Map();
  for (const place of downwards(steps)) {
    const parent = parentOf(steps, place);
    if (parent < 0) continue;
    const carded = steps[parent].kind === "agent" && byAgent[parent];
    around[place] = carded ? parent : around[parent];
    byAgent[place] = Number(steps[parent].kind === "agent" || byAgent[parent]);
    if (carded && !cards.has(parent)) cards.set(parent, { steps: 0, end: parent, input: 0, output: 0, spent: 0n, unpriced: 0, errors: 0 });
  }
  steps.forEach((step, place) => {
    for (let at = around[place]; at >= 0; at = around[at]) add(cards.get(at), step, place);
  });
  for (const card of cards.values()) card.cost = plain(card.spent);
  return { cards, around };
}

/** Return all places, parents before their children. */
function downwards(steps) {
  return steps.map((_, place) => place).sort((a, b) => steps[a].depth - steps[b].depth || a - b);
}

function add(card, step, place) {
  card.steps += 1;
  card.end = Math.max(card.end, place);
  card.errors += Number(failed(step));
  if (step.unbilled) return;
  card.input += step.input ?? 0;
  card.output += step.output ?? 0;
  card.spent += step.cost === null ? 0n : units(step.cost);
  card.unpriced += Number(step.cost === null && step.source === "unpriced");
}

/**
 * Return the places that stand in the transcript.
 * @param {Int32Array} around
 * @param {Set<number>} shut the cards that are
 * @returns {number[]}
 */
export function standing(around, shut) {
  const places = Array.from(around.keys());
  return shut.size ? places.filter((place) => enclosing(around, place).every((card) => !shut.has(card))) : places;
}

/**
 * Return the cards around a step, innermost first.
 * @param {Int32Array} around
 * @param {number} place
 */
export function enclosing(around, place) {
  const found = [];
  for (let at = around[place]; at >= 0; at = around[at]) found.push(at);
  return found;
}
