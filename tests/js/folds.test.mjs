import assert from "node:assert/strict";
import test from "node:test";

import { enclosing, folds, standing } from "../../ui/spanledger_ui/replay/folds.mjs";

const step = (kind, parent, depth, more = {}) =>
  ({ kind, parent, depth, status: "ok", input: null, output: null, cost: null, source: null, unbilled: null, ...more });
const call = (parent, depth, cost, more = {}) =>
  step("llm", parent, depth, { input: 10, output: 2, cost, source: cost === null ? "unpriced" : "priced", ...more });

const STEPS = [
  step("agent", -1, 0),
  call(0, 1, "0.1"),
  step("agent", 0, 1, { cost: "0.3", unbilled: "rollup", input: 30, output: 6 }),
  call(2, 2, "0.1"),
  step("agent", 2, 2),
  call(4, 3, "0.2", { status: "error" }),
  call(4, 3, null),
  call(0, 1, "0.5"),
];

test("an agent that another one called is a card with all that it did", () => {
  const { cards, around } = folds(STEPS);
  assert.deepEqual([...cards.keys()], [2, 4]);
  const { spent, ...outer } = cards.get(2);
  assert.deepEqual(outer, { steps: 4, end: 6, input: 30, output: 6, cost: "0.3", unpriced: 1, errors: 1 });
  assert.equal(cards.get(4).cost, "0.2");
  assert.deepEqual([...around], [-1, -1, -1, 2, 2, 4, 4, -1]);
});

test("what is inside a card that is shut does not stand in the transcript", () => {
  const { around } = folds(STEPS);
  assert.deepEqual(standing(around, new Set([2, 4])), [0, 1, 2, 7]);
  assert.deepEqual(standing(around, new Set([4])), [0, 1, 2, 3, 4, 7]);
  assert.deepEqual(standing(around, new Set()), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(enclosing(around, 5), [4, 2]);
});

test("an agent that did nothing is no card, nor is the outermost", () => {
  assert.equal(folds([step("agent", -1, 0), step("agent", 0, 1)]).cards.size, 0);
});

test("parents that go in a circle end where the depth is cut", () => {
  const circle = [step("agent", 1, 1), step("agent", 0, 0), step("agent", 0, 2), call(2, 3, "1")];
  const { cards, around } = folds(circle);
  assert.deepEqual([...cards.keys()], [0, 2]);
  assert.deepEqual(standing(around, new Set([0])), [0, 1]);
});

test("a child that began before its parent is still inside", () => {
  const { cards } = folds([step("agent", -1, 0), call(2, 2, "1"), step("agent", 0, 1)]);
  assert.deepEqual([...cards.keys()], [2]);
  assert.equal(cards.get(2).steps, 1);
});
