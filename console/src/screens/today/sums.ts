// What an hour of minutes comes to.
import type { Minute } from "../../api/schema";

export function sums(minutes: Minute[]) {
  let busiest: Minute | undefined;
  let ai = 0;
  let people = 0;
  for (const minute of minutes) {
    ai += minute.ai;
    people += minute.fallback;
    const calls = minute.ai + minute.fallback;
    if (calls > (busiest === undefined ? 0 : busiest.ai + busiest.fallback)) busiest = minute;
  }
  return { ai, people, busiest };
}

/** The least round number that nothing is above: 4, 5, 10, 20, 50… A single call does not fill the picture. */
export function top(most: number): number {
  if (most <= 4) return 4;
  const decade = 10 ** Math.floor(Math.log10(most));
  for (const step of [1, 2, 5, 10]) if (most <= step * decade) return step * decade;
  return most;
}
