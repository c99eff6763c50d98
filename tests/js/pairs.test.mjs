import assert from "node:assert/strict";
import test from "node:test";

import { address, after } from "../../ui/spanledger_ui/ledger/pairs.mjs";

const row = (id) => ({ id, name: `session ${id}` });

test("a third tick takes the place of the first", () => {
  assert.deepEqual(after([row("a"), row("b")], row("c"), true), [row("b"), row("c")]);
});

test("a tick that is taken away leaves the other", () => {
  assert.deepEqual(after([row("a"), row("b")], row("a"), false), [row("b")]);
});

test("ids of senders survive the address", () => {
  assert.equal(address("compare", "a/b&c", "ü 1"), "compare?left=a%2Fb%26c&right=%C3%BC+1");
});
