import assert from "node:assert/strict";
import test from "node:test";

import { command, faster, reached, stepMs, target } from "../../ui/spanledger_ui/replay/player.mjs";

test("a short session plays at reading speed, a long one is through in ten seconds", () => {
  assert.equal(stepMs(5, 1), 700);
  assert.equal(stepMs(10_000, 1), 1);
  assert.equal(reached(0, 10_000, 10_000, 1), 9_999);
  assert.equal(reached(0, 5_000, 10_000, 2), 9_999);
});

test("playing moves on by whole steps, never back, and stops at the last", () => {
  assert.deepEqual([-20, 699, 700, 1401].map((ms) => reached(2, ms, 9, 1)), [2, 2, 3, 4]);
  assert.equal(reached(2, 1e9, 9, 1), 8);
});

test("keys are commands, unless they belong to the browser", () => {
  const keys = ["j", "ArrowDown", "k", "ArrowUp", " ", "x"];
  assert.deepEqual(keys.map((key) => command({ key })), ["next", "next", "previous", "previous", "play", null]);
  assert.equal(command({ key: "j", ctrlKey: true }), null);
});

test("a command ends within the session", () => {
  assert.deepEqual(["next", "previous", "first", "last", "page-down"].map((name) => target(name, 1, 3)), [2, 0, 0, 2, 2]);
  assert.deepEqual([target("previous", 0, 3), target("next", 2, 3)], [0, 2]);
});

test("the speed after the fastest is the slowest", () => {
  assert.deepEqual([1, 2, 4, 8].map(faster), [2, 4, 8, 1]);
});
