// Who did it, and where it can be looked at, follow from the entry alone.
import { expect, test } from "vitest";
import { ownDayBegins } from "../../ui/time";
import { addressOf, nameIn, whoParts } from "./words";

test.each([
  ["operator", "operator", null],
  ["front desk (tok_01kafbd2x0q7h3m8w5r9t2c6ze)", "front desk", "tok_01kafbd2x0q7h3m8w5r9t2c6ze"],
  ["Ann (night) (tok_1)", "Ann (night)", "tok_1"],
  ["Ann (night)", "Ann (night)", null],
])("%s is %s with %s", (who, name, id) => {
  expect(whoParts(who)).toEqual({ name, id });
});

test("what has a screen leads to it", () => {
  expect(["ten_1", "wh_1", "num_1", "x"].map(addressOf)).toEqual(["/tenants/ten_1", "/webhooks/wh_1", null, null]);
});

test("what is gone keeps the name it had", () => {
  expect(nameIn({ before: { name: "Acme" }, after: null })).toBe("Acme");
  expect(nameIn({ before: null, after: { e164: "+12055550100" } })).toBe("+12055550100");
  expect(nameIn({ before: 1, after: null })).toBeNull();
});

test("a day has two ends", () => {
  const [begins, ends] = [ownDayBegins("2026-11-20"), ownDayBegins("2026-11-20", 1)];
  expect(Date.parse(ends ?? "") - Date.parse(begins ?? "")).toBe(86_400_000);
  expect(ownDayBegins("soon")).toBeUndefined();
});
