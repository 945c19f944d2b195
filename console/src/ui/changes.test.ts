// Differences are told where they are, in words, and no more of them than there are.
import { describe, expect, test } from "vitest";
import { placeInWords, valueInWords } from "./change-words";
import { changesBetween } from "./changes";

describe("differences", () => {
  test("are only the places that differ; what changes with every save is left out", () => {
    const before = { name: "Acme", version: 1, updatedAt: "a", connect: { via: "sip", username: null } };
    const after = { name: "Acme Dental", version: 2, updatedAt: "b", connect: { via: "sip" } };
    expect(changesBetween(before, after)).toEqual([{ pointer: "/name", before: "Acme", after: "Acme Dental" }]);
  });

  test("hold for the same what is absent and what is null, in whatever order", () => {
    expect(changesBetween({ language: null }, {})).toEqual([]);
    expect(changesBetween({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
    expect(changesBetween(null, null)).toEqual([]);
    expect(changesBetween({}, { "a/b": 1 })).toEqual([{ pointer: "/a~1b", before: null, after: 1 }]);
  });

  test("of what is new or gone as a whole are told member by member", () => {
    expect(changesBetween(null, { a: { b: 1 } })).toEqual([{ pointer: "/a/b", before: null, after: 1 }]);
    expect(changesBetween({ a: 1 }, null)).toEqual([{ pointer: "/a", before: 1, after: null }]);
  });

  test("of hours, a target and a decision by hand are one thing each", () => {
    const friday = (open: string) => ({ open, close: "17:00" });
    const week = (open: string) => ({ schedule: { friday: friday(open) } });
    expect(changesBetween(week("09:00"), week("10:00"))).toEqual([
      { pointer: "/schedule/friday", before: friday("09:00"), after: friday("10:00") },
    ]);
    expect(changesBetween({ friday: [friday("09:00")] }, { friday: null })).toHaveLength(1);
    expect(changesBetween({ target: null }, { target: { kind: "squad", id: "s" } })).toHaveLength(1);
    expect(changesBetween({ override: null }, { override: { state: "force-ai", until: null } })).toHaveLength(1);
  });

  test("in a list are told item by item; what is new in it is told as a whole", () => {
    const rules = (...action: string[]) => ({ rules: action.map((one) => ({ action: one })) });
    expect(changesBetween(rules("enable"), rules("enable", "disable"))).toEqual([
      { pointer: "/rules/1", before: null, after: { action: "disable" } },
    ]);
    expect(changesBetween(rules("enable"), rules("disable"))).toEqual([
      { pointer: "/rules/0/action", before: "enable", after: "disable" },
    ]);
    expect(changesBetween({ holidays: ["a"] }, { holidays: ["a", "b"] })).toHaveLength(1);
  });

  test("inside of one the API tells as a whole keep their place", () => {
    const monday = { open: "09:00", close: "17:00" };
    expect(changesBetween(null, { schedule: { monday, tuesday: null } }, "/businessHours")).toEqual([
      { pointer: "/businessHours/schedule/monday", before: null, after: monday },
    ]);
  });
});

test.each([
  ["", "Everything"],
  ["/name", "Name"],
  ["/something", "Something"],
  ["/availability/afterHours/businessHours/schedule/friday", "Availability › after hours › business hours › Friday"],
  ["/customSchedule/rules/0/endTime", "Custom rules › rule 1 › to"],
  ["/availability/highVolume/estimatedWaitMinutes", "Availability › busy staff › estimated wait minutes"],
  ["/a~1b", "A/b"],
])("the place %j is called %j", (pointer, words) => {
  expect(placeInWords(pointer)).toBe(words);
});

test.each([
  [null, "/friday", "closed"],
  [null, "/name", "nothing"],
  [{ open: "09:00", close: "17:00" }, "/friday", "09:00–17:00"],
  [
    [
      { open: "09:00", close: "12:00" },
      { open: "13:00", close: "17:00" },
    ],
    "/friday",
    "09:00–12:00, 13:00–17:00",
  ],
  [true, "/enabled", "yes"],
  [1, "/dayOfWeek", "Monday"],
  [1234, "/threshold", "1,234"],
  [[], "/holidays", "none"],
  ["disabled", "/availability/mode", "The AI never answers"],
  ["disabled", "/state", "disabled"],
  ["+16475550123", "/e164", "+1 647 555 0123"],
  [{ kind: "assistant", id: "asst_1" }, "/target", "assistant asst_1"],
  [
    { state: "force-ai", until: null, note: "Open day" },
    "/override",
    "The AI answers, until somebody ends it (“Open day”)",
  ],
  [{ dayOfWeek: 0, action: "enable", note: null }, "/rules/0", "day Sunday, action enable"],
])("the value %j at %s reads %j", (value, pointer, words) => {
  expect(valueInWords(value, pointer)).toBe(words);
});
