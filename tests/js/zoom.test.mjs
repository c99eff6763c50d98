import assert from "node:assert/strict";
import test from "node:test";

import { WHOLE, centred, panned, read, showing, through, timeAt, written, zoomed } from "../../ui/spanledger_ui/replay/zoom.mjs";
import { clock } from "../../ui/spanledger_ui/replay/idle.mjs";
import { outside } from "../../ui/spanledger_ui/replay/scale.mjs";

const axis = { total: 1000, at: clock(1000, []) };
const half = { from: 0.25, to: 0.75 };

test("the point that is looked at stays where it is", () => {
  assert.deepEqual(zoomed(WHOLE, 0.5, 0.5), half);
  assert.deepEqual(zoomed(half, 0.5, 0), { from: 0.25, to: 0.5 });
  assert.deepEqual(zoomed(half, 4, 0.5), WHOLE);
});

test("a lens never leaves the axis", () => {
  assert.deepEqual(panned(half, -3), { from: 0, to: 0.5 });
  assert.deepEqual(panned(half, 3), { from: 0.5, to: 1 });
  assert.deepEqual(centred(half, 0.9), { from: 0.5, to: 1 });
});

test("the lens follows the playhead only out of itself", () => {
  assert.equal(showing(half, 0.75), half);
  assert.deepEqual(showing({ from: 0, to: 0.5 }, 0.75), { from: 0.5, to: 1 });
});

test("through a lens its ends are 0 and 1, and what lies beside it is not drawn", () => {
  const seen = through(axis, half);
  assert.deepEqual([seen.at(250), seen.at(500), seen.at(750), seen.at(0)], [0, 0.5, 1, -0.5]);
  const lies = (offset, duration) => outside({ offset, duration }, seen);
  assert.deepEqual([lies(0, 100), lies(0, 300), lies(800, 10), lies(100, null)], [true, false, true, false]);
});

test("a time is found whatever the clock", () => {
  const quick = { total: 1000, at: clock(1000, [{ from: 100, to: 900 }]) };
  for (const ns of [0, 50, 100, 500, 950, 1000]) {
    assert.ok(Math.abs(timeAt(quick, quick.at(ns)) - ns) < 1e-3);
  }
});

test("the address carries a lens, and nonsense in it is the whole", () => {
  assert.deepEqual(read(written(half)), half);
  assert.equal(written(WHOLE), null);
  for (const text of [null, "", "1-0", "a-b", "-1-2", "0.5-0.5", "0.5"]) assert.deepEqual(read(text), WHOLE);
});
