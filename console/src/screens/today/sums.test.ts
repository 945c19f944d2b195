// What an hour of minutes comes to.
import { expect, it } from "vitest";
import { sums, top } from "./sums";

it("adds up, and knows the busiest minute", () => {
  const minute = (at: string, ai: number, fallback: number) => ({ at, ai, fallback });
  const busy = minute("2026-11-20T15:01:00Z", 2, 3);
  expect(sums([minute("2026-11-20T15:00:00Z", 4, 0), busy])).toEqual({ ai: 6, people: 3, busiest: busy });
  expect(sums([minute("2026-11-20T15:00:00Z", 0, 0)]).busiest).toBeUndefined();
});

it("ends the scale at a round number", () => {
  expect([0, 1, 4, 5, 6, 10, 11, 21, 200, 201].map(top)).toEqual([4, 4, 4, 5, 10, 10, 20, 50, 200, 500]);
});
