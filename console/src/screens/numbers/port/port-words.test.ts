// A move can be handed in as long as nobody is at it.
import { expect, test } from "vitest";
import { canHandIn, earliest, isUnderWay, portStatus } from "./port-words";

test("what was refused or not signed can be handed in anew, what has come or is under way cannot", () => {
  expect((["pending_configuration", "action_required", "expired", "canceled"] as const).map(canHandIn)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(
    ["submitted", "in_review", "waiting_for_signature", "in_progress", "completed"].map((s) => canHandIn(s as never)),
  ).toEqual([false, false, false, false, false]);
  expect(isUnderWay("waiting_for_signature")).toBe(true);
});

test("the earliest day is a week ahead", () => {
  expect(earliest(Date.parse("2026-11-30T05:00:00Z"))).toBe("2026-12-07");
});

test("every status has words of its own", () => {
  expect(portStatus("waiting_for_signature").text).toBe("Waits for a signature");
});
