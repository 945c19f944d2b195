// A token is good until it is not, and a day that is named is wholly in it.
import { expect, test } from "vitest";
import { endOf, isOwn, standing, subjectOf } from "./words";

const NOW = Date.parse("2026-11-20T15:00:00Z");

test.each([
  [null, null, "good"],
  ["2026-11-20T15:00:01Z", null, "good"],
  ["2026-11-20T15:00:00Z", null, "expired"],
  ["2027-01-01T00:00:00Z", "2026-11-01T00:00:00Z", "revoked"],
] as const)("good until %s, revoked at %s: %s", (expiresAt, revokedAt, is) => {
  expect(standing({ expiresAt, revokedAt }, NOW)).toBe(is);
});

test("a role says whom it is for", () => {
  expect(["operator", "org:org_1", "tenant:ten_1"].map(subjectOf)).toEqual([null, "org_1", "ten_1"]);
});

test("the own token is known by its id", () => {
  expect(isOwn({ id: "tok_1" }, { by: "front desk (tok_1)" })).toBe(true);
  expect(isOwn({ id: "tok_2" }, { by: "operator" })).toBe(false);
});

test("the last day is wholly inside", () => {
  expect(endOf("never", "", NOW)).toBeNull();
  expect(endOf("1", "", NOW)).toBe("2026-11-21T15:00:00.000Z");
  expect(new Date(endOf("until", "2026-11-30", NOW) ?? "").getDate()).toBe(1);
  expect(endOf("until", "", NOW)).toBeNull();
});
