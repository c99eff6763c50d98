import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import * as format from "../../ui/spanledger_ui/replay/format.mjs";

const shared = JSON.parse(readFileSync(new URL("formats.json", import.meta.url), "utf8"));

for (const [name, examples] of Object.entries(shared)) {
  test(`${name} reads as it does in text.py`, () => {
    const said = examples.map((example) => format[name](...example.slice(0, -1)));
    assert.deepEqual(said, examples.map((example) => example.at(-1)));
  });
}

test("a total says how many calls it leaves out", () => {
  assert.equal(format.spent("12.34", 0), "12.3400 USD");
  assert.equal(format.spent("12.34", 1234), "12.3400 USD + 1,234 unpriced");
});
