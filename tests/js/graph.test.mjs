import assert from "node:assert/strict";
import test from "node:test";

import { edgeKey, outline, sight, visits } from "../../ui/spanledger_ui/replay/graph.mjs";

const bare = { key: "t.s", parent: -1, depth: 0, from: null, to: null, reason: null };
const node = (name, offset, duration, more = {}) =>
  ({ ...bare, kind: "node", name, node: name, offset, duration, ...more });
const pairs = (told) => told.map(({ from, name }) => [from, name]);

test("nodes follow one another, and two that ran side by side both come from the one before", () => {
  const steps = [
    { ...bare, kind: "agent", name: "flow", offset: 0, duration: 100 },
    node("plan", 0, 10),
    node("search", 10, 20),
    node("quote", 12, 5),
    node("plan", 40, 5),
  ];
  assert.deepEqual(pairs(visits(steps)), [
    [null, "plan"],
    ["plan", "search"],
    ["plan", "quote"],
    ["quote", "plan"],
  ]);
});

test("a change of state says itself where it came from, and why", () => {
  const told = visits([{ ...bare, kind: "state", name: "x", from: "open", to: "refunded", reason: "over limit", offset: 0, duration: 0 }]);
  assert.deepEqual(told, [{ place: 0, name: "refunded", from: "open", reason: "over limit" }]);
});

test("a router that names the node it leads to is no second arrival", () => {
  const router = { ...bare, kind: "state", name: "route", from: "plan", to: "search", offset: 9, duration: 1 };
  assert.deepEqual(pairs(visits([node("plan", 0, 10), router, node("search", 10, 5)])), [
    [null, "plan"],
    ["plan", "search"],
  ]);
});

test("the first node inside another comes from that one, the next after both from the outer", () => {
  const inner = { parent: 1, depth: 1 };
  const steps = [node("a", 0, 5), node("sub", 5, 50), node("x", 6, 4, inner), node("y", 20, 4, inner), node("b", 60, 1)];
  assert.deepEqual(pairs(visits(steps)), [
    [null, "a"],
    ["a", "sub"],
    ["sub", "x"],
    ["x", "y"],
    ["sub", "b"],
  ]);
});

test("another trace begins anew", () => {
  assert.deepEqual(pairs(visits([node("a", 0, 1), node("a", 5, 1, { key: "u.s" })])), [
    [null, "a"],
    [null, "a"],
  ]);
});

test("without nodes and states the agents stand in their turn", () => {
  const agent = (name, offset) => ({ ...bare, kind: "agent", name, agent: name, offset, duration: 1 });
  assert.deepEqual(pairs(visits([agent("triage", 0), agent("refunds", 5)])), [
    [null, "triage"],
    ["triage", "refunds"],
  ]);
  assert.deepEqual(visits([{ ...bare, kind: "llm", name: "chat", offset: 0, duration: 1 }]), []);
});

test("tool calls outside of every node stand for the node that they name, once for all of its calls", () => {
  const tool = (node, offset, more = {}) => ({ ...bare, kind: "tool", name: "get", node, offset, duration: 1, ...more });
  const steps = [node("agent", 0, 1), tool("tools", 2), tool("tools", 3), node("agent", 5, 1), tool("tools", 5, { parent: 3, depth: 1 })];
  assert.deepEqual(pairs(visits(steps)), [
    [null, "agent"],
    ["agent", "tools"],
    ["tools", "agent"],
  ]);
  assert.deepEqual(visits([tool("tools", 0)]), []);
});

test("at a step only what was visited by then is seen and counted", () => {
  const told = visits([node("a", 0, 1), node("b", 1, 1), node("a", 2, 1), node("b", 3, 1), node("c", 4, 1)]);
  const now = sight(told, 3);
  assert.equal(now.current, "b");
  assert.deepEqual([...now.seen], ["a", "b"]);
  assert.deepEqual([...now.counts], [[edgeKey("a", "b"), 2], [edgeKey("b", "a"), 1]]);
  assert.equal(sight(told, -1).current, null);
});

test("the outline has each state once, in the order of first visits", () => {
  const { names, edges, left } = outline(visits([node("a", 0, 1), node("b", 1, 1), node("a", 2, 1)]));
  assert.deepEqual(names, ["a", "b"]);
  assert.deepEqual([...edges.values()], [{ from: 0, to: 1 }, { from: 1, to: 0 }]);
  assert.equal(left, 0);
});

test("states beyond the fortieth are not drawn, and said to be missing", () => {
  const steps = Array.from({ length: 50 }, (_, i) => node(`n${i}`, i, 1));
  const { names, edges, left } = outline(visits(steps));
  assert.deepEqual([names.length, edges.size, left], [40, 39, 10]);
});
