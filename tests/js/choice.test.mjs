import assert from "node:assert/strict";
import test from "node:test";

import { between, moved } from "../../ui/spanledger_ui/pulse/choice.mjs";

test("a drag to the left chooses the same as one to the right", () => {
  assert.deepEqual([between(2, 5), between(5, 2), between(3, 3)], [[2, 5], [2, 5], [3, 3]]);
});

test("keys begin at the last bucket and stay on the axis", () => {
  const keys = [["ArrowLeft", -1], ["ArrowLeft", 0], ["ArrowLeft", 7], ["ArrowRight", 13], ["Home", 7], ["End", 7]];
  assert.deepEqual(keys.map(([key, at]) => moved(key, at, 14)), [13, 0, 6, 13, 0, 13]);
  assert.equal(moved("j", 3, 14), null);
});
