// Days of 23, 24 and 25 hours, cut where the clock says.
import { describe, expect, test } from "vitest";
import type { Coverage } from "../api/schema";
import { pieceAt, rowsOf, type Span } from "./coverage-rows";

const ZONE = "America/Toronto";
const ai = { available: true, reason: "after-hours" };
const people = { available: false, reason: "business-hours" };

function span(from: string, until: string, quiet = ai, busy = quiet): Span {
  return { from, until, quiet, busy };
}

function coverage(from: string, days: number, spans: Span[], marks: Coverage["marks"] = []): Coverage {
  return { timezone: ZONE, from, days, threshold: null, spans, marks };
}

const shape = (row: ReturnType<typeof rowsOf>[number] | undefined) =>
  row?.pieces.map(({ x0, x1, who, lane }) => `${x0}-${x1} ${who}${lane === "full" ? "" : ` ${lane}`}`);

describe("days", () => {
  test("a stretch over midnight lies on both days", () => {
    const rows = rowsOf(
      coverage("2026-11-30", 2, [
        span("2026-11-30T05:00:00Z", "2026-11-30T14:00:00Z"),
        span("2026-11-30T14:00:00Z", "2026-11-30T22:00:00Z", people),
        span("2026-11-30T22:00:00Z", "2026-12-02T05:00:00Z"),
      ]),
      ZONE,
    );
    expect(shape(rows[0])).toEqual(["0-540 ai", "540-1020 people", "1020-1440 ai"]);
    expect(shape(rows[1])).toEqual(["0-1440 ai"]);
    expect(rows.map((row) => row.hours)).toEqual([24, 24]);
  });

  test("what quiet and busy callers get apart depends", () => {
    const [row] = rowsOf(
      coverage("2026-11-30", 1, [span("2026-11-30T05:00:00Z", "2026-12-01T05:00:00Z", people, ai)]),
      ZONE,
    );
    expect(shape(row)).toEqual(["0-1440 depends"]);
  });

  test("an hour that does not exist is a gap", () => {
    const [row] = rowsOf(coverage("2026-03-08", 1, [span("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z")]), ZONE);
    expect(row?.hours).toBe(23);
    expect(row?.gap).toEqual({ x0: 120, x1: 180 });
    expect(shape(row)).toEqual(["0-120 ai", "180-1440 ai"]);
  });

  test("an hour that comes twice stands twice", () => {
    const [row] = rowsOf(
      coverage("2026-11-01", 1, [
        span("2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"),
        span("2026-11-01T05:30:00Z", "2026-11-02T05:00:00Z", people),
      ]),
      ZONE,
    );
    expect(row?.hours).toBe(25);
    expect(row?.gap).toBeUndefined();
    expect(shape(row)).toEqual([
      "0-60 ai",
      "60-90 ai first",
      "90-120 people first",
      "60-120 people second",
      "120-1440 people",
    ]);
  });

  test("a midnight that does not exist begins late", () => {
    const zone = "Asia/Beirut";
    const from = "2026-03-28T22:00:00Z";
    const [row] = rowsOf(coverage("2026-03-29", 1, [span(from, "2026-03-29T21:00:00Z")]), zone);
    expect(row?.gap).toEqual({ x0: 0, x1: 60 });
    expect(shape(row)).toEqual(["60-1440 ai"]);
  });

  test("a mark lies on its day, at its minute", () => {
    const mark = { at: "2026-11-30T17:30:00Z", kind: "override" as const, label: "the override ends" };
    const rows = rowsOf(coverage("2026-11-29", 2, [], [mark]), ZONE);
    expect(rows.map((row) => row.marks.map(({ x }) => x))).toEqual([[], [750]]);
  });

  test("the piece at a minute", () => {
    const [row] = rowsOf(coverage("2026-03-08", 1, [span("2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z")]), ZONE);
    if (row === undefined) throw new Error("a day has a row");
    expect([0, 119, 150, 180, 1439].map((x) => pieceAt(row, x))).toEqual([0, 0, 1, 1, 1]);
  });
});
