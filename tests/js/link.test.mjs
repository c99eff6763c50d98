import assert from "node:assert/strict";
import test from "node:test";

import { along } from "../../ui/spanledger_ui/replay/link.mjs";

test("a link stays in its project and time zone", () => {
  assert.equal(along("replay?session=a%2Fb", "?project=shop&tz=Asia%2FTokyo&q=x"), "replay?session=a%2Fb&project=shop&tz=Asia%2FTokyo");
});

test("a link that says a time zone keeps it", () => {
  assert.equal(along("spend?tz=UTC", "?tz=Asia%2FTokyo"), "spend?tz=UTC");
});

test("without anything to take along a link is as it was", () => {
  assert.equal(along("compare", "?q=x"), "compare");
});
