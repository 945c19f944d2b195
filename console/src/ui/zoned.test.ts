// Clocks on walls, on the nights on which they are changed too.
import { parseAbsolute } from "@internationalized/date";
import { expect, test } from "vitest";
import { dayBegins, dayEnds, meant, nextClockChange, spelled } from "./zoned";

const TORONTO = "America/Toronto";

test.each([
  ["2026-12-24", "20:00", "2026-12-24T20:00:00-05:00", "once"],
  ["2026-11-01", "01:30", "2026-11-01T01:30:00-04:00", "twice"],
  ["2026-03-08", "02:30", "2026-03-08T03:30:00-04:00", "never"],
  ["2026-03-08", "03:00", "2026-03-08T03:00:00-04:00", "once"],
])("%s %s in Toronto is %s, shown %s", (date, time, at, shown) => {
  const found = meant({ date, time }, TORONTO);
  expect(found && spelled(found.at)).toBe(at);
  expect(found?.shown).toBe(shown);
});

test("half a date is none", () => {
  expect(meant({ date: "", time: "20:00" }, TORONTO)).toBeUndefined();
  expect(meant({ date: "2026-12-24", time: "" }, TORONTO)).toBeUndefined();
  expect(dayBegins("2026-02-30", TORONTO)).toBeUndefined();
});

test("a day on which clocks change has as many hours as it has", () => {
  const hours = (day: string) => {
    const [from, to] = [dayBegins(day, TORONTO), dayEnds(day, TORONTO)];
    return from && to && (to.toDate().getTime() - from.toDate().getTime()) / 3_600_000;
  };
  expect([hours("2026-03-08"), hours("2026-11-01"), hours("2026-11-02")]).toEqual([23, 25, 24]);
});

test.each([
  ["2026-11-30T12:00:00Z", TORONTO, "2027-03-14T03:00:00-04:00"],
  ["2026-10-31T12:00:00Z", TORONTO, "2026-11-01T01:00:00-05:00"],
  ["2026-11-30T12:00:00Z", "America/Phoenix", undefined],
])("after %s the clocks of %s change at %s", (from, zone, at) => {
  const change = nextClockChange(parseAbsolute(from, zone));
  expect(change && spelled(change)).toBe(at);
});
