import assert from "node:assert/strict";
import test from "node:test";

import { HEADS_PX, ROW_PX, revealed, visible } from "../../ui/spanledger_ui/replay/rows.mjs";
import { LANE_PX, box, hit, lanes, span } from "../../ui/spanledger_ui/replay/scale.mjs";
import { clock } from "../../ui/spanledger_ui/replay/idle.mjs";
import { eventIn, sessionIn, withEvent } from "../../ui/spanledger_ui/replay/url.mjs";

const even = (total) => ({ total, at: clock(total, []) });
const step = (offset, duration, depth = 0) => ({ offset, duration, depth });

test("of ten thousand rows only those near the window are drawn", () => {
  const { first, end } = visible(5_000 * ROW_PX, 20 * ROW_PX, 10_000);
  assert.ok(first <= 5_000 - 1 && end >= 5_020);
  assert.ok(end - first < 50);
  assert.deepEqual(visible(0, 600, 3), { first: 0, end: 3 });
});

test("a row in sight leaves the window where it is", () => {
  assert.equal(revealed(5, 2 * ROW_PX, 20 * ROW_PX), 2 * ROW_PX);
});

test("a row out of sight is brought in under the headings, with one row around it", () => {
  const height = 10 * ROW_PX + HEADS_PX;
  const below = revealed(50, 0, height);
  assert.equal(50 * ROW_PX - below, 8 * ROW_PX);
  assert.equal(revealed(50, 90 * ROW_PX, height), 49 * ROW_PX);
  assert.equal(revealed(0, 90 * ROW_PX, height), 0);
});

test("the axis reaches to the end of the last step", () => {
  assert.equal(span([step(0, 50), step(90, 30)], 100), 120);
  assert.equal(span([step(0, null)], 100), 100);
});

test("a step stands where its time is, in the lane of its depth, and is never invisible", () => {
  assert.deepEqual(box(step(50, 25, 1), even(100), 200), { x: 100, y: LANE_PX, width: 50, height: LANE_PX - 1 });
  assert.equal(box(step(50, 0), even(100), 200).width, 2);
  assert.equal(box(step(100, 0), even(100), 200).x, 198);
});

test("a step that has not ended is drawn to the end of the axis", () => {
  assert.equal(box(step(25, null), even(100), 200).width, 150);
});

test("two hundred levels share eight lanes", () => {
  const deep = Array.from({ length: 200 }, (_, depth) => step(0, 1, depth));
  assert.equal(lanes(deep), 8);
  assert.equal(box(deep[199], even(1), 100).y, 7 * LANE_PX);
});

test("a click chooses the step under it, else the last that had begun", () => {
  const steps = [step(0, 100), step(10, 20, 1), step(60, 20, 1)];
  const at = (x, lane) => hit(steps, even(100), 100, x, lane * LANE_PX + 2);
  assert.deepEqual([at(5, 0), at(15, 1), at(65, 1), at(45, 1), at(95, 0)], [0, 1, 2, 1, 0]);
});

test("the address keeps all else when it names another event", () => {
  const search = withEvent("?session=team%2Fa+b&event=old", "t.s");
  assert.equal(search, "?session=team%2Fa+b&event=t.s");
  assert.equal(eventIn(search), "t.s");
  assert.equal(eventIn("?session=x"), null);
  assert.equal(sessionIn(search), "team/a b");
  assert.equal(sessionIn("?range=all"), null);
});
