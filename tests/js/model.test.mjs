import assert from "node:assert/strict";
import test from "node:test";

import { dearestPlace, decode, digestOf, failed, nextPlace, placeOf, repetitions } from "../../ui/spanledger_ui/replay/model.mjs";

const DIGEST = "0123456789abcdef0123456789abcdef";

const packed = (body) => new TextEncoder().encode(DIGEST + JSON.stringify(body));

test("columns become steps, and the digest stands before them", () => {
  const bytes = packed({ title: "t", columns: { key: ["a.1", "a.2"], cost: [null, "0.5"] } });
  assert.equal(digestOf(bytes), DIGEST);
  assert.deepEqual(decode(bytes), {
    title: "t",
    digest: DIGEST,
    steps: [
      { key: "a.1", cost: null },
      { key: "a.2", cost: "0.5" },
    ],
  });
});

test("hostile names come out as the very text that went in", () => {
  const name = "</script><img src=x onerror=alert(1)>‮🧾";
  assert.equal(decode(packed({ columns: { key: ["k"], name: [name] } })).steps[0].name, name);
});

test("an unknown key in the address leads to the first step", () => {
  const steps = [{ key: "a" }, { key: "b" }];
  assert.deepEqual(["b", "gone", null].map((key) => placeOf(steps, key)), [1, 0, 0]);
});

test("the next error is looked for beyond the end, from the start", () => {
  const steps = ["ok", "error", "ok", "error", "ok"].map((status) => ({ status }));
  assert.deepEqual([0, 1, 3, 4].map((from) => nextPlace(steps, from, failed)), [1, 3, 1, 1]);
  assert.equal(nextPlace([{ status: "ok" }], 0, failed), -1);
});

test("the dearest step is one that is billed", () => {
  const steps = [
    { cost: "9", unbilled: "rollup" },
    { cost: null, unbilled: null },
    { cost: "0.5", unbilled: null },
    { cost: "0.25", unbilled: null },
  ];
  assert.equal(dearestPlace(steps), 2);
  assert.equal(dearestPlace(steps.slice(0, 2)), -1);
});

test("a repetition says the very same with the same tool or model", () => {
  const did = (name, preview, kind = "tool") => ({ kind, name, who: null, preview });
  const steps = [did("look_up", "order 1"), did("look_up", "order 2"), did("look_up", "order 1"), did("n", "x", "node"), did("n", "x", "node"), did("chat", null, "llm"), did("chat", null, "llm")];
  assert.deepEqual([...repetitions(steps)], [2]);
});
