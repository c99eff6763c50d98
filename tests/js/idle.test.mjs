import assert from "node:assert/strict";
import test from "node:test";

import { LEAST_IDLE_NS, clock, gaps, lengthOf } from "../../ui/spanledger_ui/replay/idle.mjs";

const step = (offset, duration, more = {}) => ({ offset, duration, parent: -1, status: "ok", ...more });

test("a gap is five minutes in which no step worked, whatever stands around them", () => {
  const around = step(0, 2 * LEAST_IDLE_NS + 30);
  const inside = [step(0, 10, { parent: 0 }), step(LEAST_IDLE_NS + 10, 10, { parent: 0 })];
  const total = 2 * LEAST_IDLE_NS + 30;
  assert.deepEqual(gaps([around, ...inside], total), [
    { from: 10, to: LEAST_IDLE_NS + 10 },
    { from: LEAST_IDLE_NS + 20, to: total },
  ]);
  assert.deepEqual(gaps([step(0, 10), step(LEAST_IDLE_NS + 9, 1)], LEAST_IDLE_NS + 10), []);
});

test("waiting for somebody is not working, and what has not ended works on", () => {
  const waiting = step(10, LEAST_IDLE_NS, { status: "waiting" });
  assert.deepEqual(gaps([step(0, 10), waiting], LEAST_IDLE_NS + 10), [{ from: 10, to: LEAST_IDLE_NS + 10 }]);
  assert.deepEqual(gaps([step(0, null)], LEAST_IDLE_NS), []);
});

test("an even clock is a share of the whole; a compressed one passes gaps quickly and never back", () => {
  const idle = [{ from: 100, to: 900 }];
  assert.equal(clock(1000, [])(250), 0.25);
  const at = clock(1000, idle);
  const ticks = [0, 50, 100, 500, 900, 950, 1000].map(at);
  assert.deepEqual(ticks, [...ticks].sort((a, b) => a - b));
  assert.deepEqual([ticks[0], ticks.at(-1)], [0, 1]);
  assert.ok(Math.abs(ticks[4] - ticks[2] - 0.02 / 1.02) < 1e-9);
  assert.equal(lengthOf(idle), 800);
});

test("a session that only waited is a clock all the same", () => {
  const at = clock(1000, [{ from: 0, to: 1000 }]);
  assert.deepEqual([at(0), at(1000)], [0, 1]);
});
