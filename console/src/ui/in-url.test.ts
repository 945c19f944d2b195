// What is asked stands in the address, and nothing else does.
import { expect, test } from "vitest";
import { changed } from "./in-url";

test("what is empty is left out, and the rest stays", () => {
  const before = new URLSearchParams("q=0132&who=ai");
  expect(changed(before, { q: undefined, state: "live" }).toString()).toBe("who=ai&state=live");
  expect(changed(before, { who: "" }).toString()).toBe("q=0132");
  expect(before.toString()).toBe("q=0132&who=ai");
});

test("a number keeps its plus", () => {
  const after = changed(new URLSearchParams(), { from: "+14165550111" });
  expect(new URLSearchParams(after.toString()).get("from")).toBe("+14165550111");
});
