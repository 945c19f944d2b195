// What differs between two states of a tenant, and how it is told.
import { describe, expect, it } from "vitest";
import { differences, place, short, unfolded } from "./changes";

describe("differences", () => {
  it("are told where they are, not around it", () => {
    const before = { availability: { mode: "always", highVolume: { enabled: false, threshold: 5 } }, name: "Acme" };
    const after = { availability: { mode: "disabled", highVolume: { threshold: 5, enabled: false } }, name: "Acme" };
    expect(differences(before, after)).toEqual([
      { pointer: "/availability/mode", before: "always", after: "disabled" },
    ]);
  });

  it("hold what is absent and what is null for the same", () => {
    expect(differences({ language: null }, {})).toEqual([]);
    expect(differences({}, { "a/b": 1 })).toEqual([{ pointer: "/a~1b", before: null, after: 1 }]);
  });

  it("compare lists as a whole", () => {
    expect(differences({ rules: [1, 2] }, { rules: [2] })).toHaveLength(1);
    expect(differences({ rules: [{ a: 1, b: 2 }] }, { rules: [{ b: 2, a: 1 }] })).toEqual([]);
  });
});

it("a change of something large comes apart into its members", () => {
  const monday = { open: "09:00", close: "17:00" };
  const after = { schedule: { monday, tuesday: null } };
  expect(unfolded({ pointer: "/businessHours", before: null, after })).toEqual([
    { pointer: "/businessHours/schedule/monday", before: null, after: monday },
  ]);
  const whole = { pointer: "/rules", before: [], after: [{ action: "disable" }] };
  expect(unfolded(whole)).toEqual([whole]);
});

it.each([
  ["/name", "Name"],
  ["/availability/afterHours/businessHours/schedule/monday", "Availability › after hours › business hours › Monday"],
  ["/availability/customSchedule/rules/0", "Availability › schedule › rules › no. 1"],
  ["/something", "Something"],
  ["", "Everything"],
])("the place %j is called %j", (pointer, words) => {
  expect(place(pointer)).toBe(words);
});

it.each([
  [{ open: "09:00", close: "17:00" }, "09:00–17:00"],
  [null, "closed"],
  [
    [
      { open: "09:00", close: "12:00" },
      { open: "13:00", close: "17:00" },
    ],
    "09:00–12:00, 13:00–17:00",
  ],
  [true, "yes"],
  [[], "none"],
  [{ anything: 1 }, undefined],
])("%j is told as %j", (value, words) => {
  expect(short(value, "/monday")).toBe(words);
});
