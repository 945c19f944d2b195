// Differences are told where they are, in words, and no more of them than there are.
import { expect, test } from "vitest";
import { changesBetween, placeInWords, valueInWords } from "./changes";

test("only the places that differ are told, and what changes with every save is left out", () => {
  const before = { name: "Acme", version: 1, updatedAt: "a", connect: { via: "sip", username: null } };
  const after = { name: "Acme Dental", version: 2, updatedAt: "b", connect: { via: "sip" } };
  expect(changesBetween(before, after)).toEqual([{ pointer: "/name", before: "Acme", after: "Acme Dental" }]);
});

test("what is new or gone as a whole is told member by member", () => {
  expect(changesBetween(null, { a: { b: 1 } })).toEqual([{ pointer: "/a/b", before: null, after: 1 }]);
  expect(changesBetween({ a: 1 }, null)).toEqual([{ pointer: "/a", before: 1, after: null }]);
  expect(changesBetween(null, null)).toEqual([]);
});

test("hours are one thing, rules are told one by one", () => {
  const hours = (open: string) => ({ schedule: { friday: { open, close: "17:00" } } });
  expect(changesBetween(hours("09:00"), hours("10:00"))).toEqual([
    {
      pointer: "/schedule/friday",
      before: { open: "09:00", close: "17:00" },
      after: { open: "10:00", close: "17:00" },
    },
  ]);
  const rules = (...action: string[]) => ({ rules: action.map((one) => ({ action: one })) });
  expect(changesBetween(rules("enable"), rules("enable", "disable"))).toEqual([
    { pointer: "/rules/1/action", before: null, after: "disable" },
  ]);
});

test.each([
  ["", "Everything"],
  ["/name", "Name"],
  ["/availability/afterHours/businessHours/schedule/friday", "Availability, after hours, business hours, Friday"],
  ["/customSchedule/rules/0/endTime", "Schedule, rule 1, to"],
  ["/availability/highVolume/estimatedWaitMinutes", "Availability, overflow, estimated wait minutes"],
  ["/a~1b", "A/b"],
])("the place %s is called “%s”", (pointer, words) => {
  expect(placeInWords(pointer)).toBe(words);
});

test.each([
  [null, "friday", "closed"],
  [null, "name", "nothing"],
  [{ open: "09:00", close: "17:00" }, "friday", "09:00 to 17:00"],
  [[{ open: "09:00", close: "12:00" }], "friday", "09:00 to 12:00"],
  [true, "enabled", "yes"],
  [1, "dayOfWeek", "Monday"],
  [[], "holidays", "none"],
  [{ dayOfWeek: 0, action: "enable" }, "", "day Sunday, action enable"],
])("the value %j of %s reads “%s”", (value, name, words) => {
  expect(valueInWords(value, name)).toBe(words);
});
