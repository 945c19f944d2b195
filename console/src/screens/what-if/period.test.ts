// Which past calls a period means, on both sides of every limit.
import { expect, test } from "vitest";
import { periodIn, rangeOf } from "./period";

const ZONE = "America/Toronto";
const own = (first: string, last: string) => rangeOf({ kind: "own", first, last }, ZONE);

test("days are whole days of the tenant's zone, the last one with them", () => {
  expect(own("2026-11-01", "2026-11-01")).toEqual({
    from: "2026-11-01T00:00:00-04:00",
    to: "2026-11-02T00:00:00-05:00",
  });
});

test.each([
  ["2026-11-01", "2026-12-01", undefined],
  ["2026-11-01", "2026-12-02", "At most 31 days can be replayed at once"],
  ["2026-11-02", "2026-11-01", "The last day is before the first"],
  ["", "2026-11-01", "Give the first and the last day"],
])("from %s to %s: %s", (first, last, fault) => {
  const range = own(first, last);
  expect("fault" in range ? range.fault : undefined).toBe(fault);
});

test("an unknown word means the last week", () => {
  expect(periodIn(new URLSearchParams("period=century")).kind).toBe("week");
});
