// The question as it stands in the address, as it is asked, and the instants that are offered.
import { parseAbsolute } from "@internationalized/date";
import { expect, test } from "vitest";
import { bodyOf, commandOf, faultsOf, moments, nextHoliday, questionIn } from "./question";

const ZONE = "America/Toronto";
const nothing = { from: "", to: "", at: "", load: "" };

test("an address asks what it says", () => {
  const question = questionIn(new URLSearchParams("from=%2B14165550111&at=2026-12-24T20:00:00-05:00&load=3"));
  expect(bodyOf(question)).toEqual({ from: "+14165550111", at: "2026-12-24T20:00:00-05:00", activeCalls: 3 });
  expect(commandOf(question, "smile-dental")).toBe(
    "patchbay tenants simulate smile-dental --at 2026-12-24T20:00:00-05:00 --active-calls 3 --from +14165550111",
  );
  expect(bodyOf(questionIn(new URLSearchParams()))).toEqual({});
});

test.each([
  [{ load: "" }, []],
  [{ load: "0" }, []],
  [{ load: "1000000" }, []],
  [{ load: "1000001" }, ["load"]],
  [{ load: "-1" }, ["load"]],
  [{ load: "2.5" }, ["load"]],
  [{ at: "tomorrow" }, ["at"]],
  [{ at: "2026-12-24T20:00:00-05:00" }, []],
])("%o has faults at %o", (asked, at) => {
  expect(Object.keys(faultsOf({ ...nothing, ...asked }, ZONE))).toEqual(at);
});

test("offered is the next of each kind", () => {
  const monday = parseAbsolute("2026-11-30T15:00:00Z", ZONE);
  const hours = { holidays: ["2026-11-30", "--12-25"], exceptions: [{ date: "2026-12-24", hours: null }] };
  const availability = { mode: "after-hours-only" as const, afterHours: { businessHours: hours } };
  expect(moments(monday, availability)).toEqual([
    { label: "Tonight 20:00", at: "2026-11-30T20:00:00-05:00" },
    { label: "Sunday noon", at: "2026-12-06T12:00:00-05:00" },
    { label: "Next holiday", at: "2026-12-24T11:00:00-05:00" },
    { label: "Clock change", at: "2027-03-14T03:00:00-04:00" },
  ]);
});

test("late in the evening it is tomorrow, on Sunday afternoon a week ahead", () => {
  const sunday = parseAbsolute("2026-12-07T01:00:00Z", ZONE);
  expect(moments(sunday, undefined).slice(0, 2)).toEqual([
    { label: "Tomorrow 20:00", at: "2026-12-07T20:00:00-05:00" },
    { label: "Sunday noon", at: "2026-12-13T12:00:00-05:00" },
  ]);
});

test("holidays of every year come again in the next", () => {
  const late = parseAbsolute("2026-12-26T15:00:00Z", ZONE);
  const availability = { mode: "always" as const, afterHours: { businessHours: { holidays: ["--12-25", "--01-01"] } } };
  expect(nextHoliday(late, availability)?.toString()).toContain("2027-01-01T11:00");
  expect(nextHoliday(late, undefined)).toBeUndefined();
});
