// Which past calls are meant: a stretch of whole days in the tenant's zone, or the week until now.
import { now, today } from "@internationalized/date";
import { begin, dayBegins, dayEnds, spelled } from "../../ui/zoned";

export type PeriodKind = "week" | "yesterday" | "own";

interface Period {
  kind: PeriodKind;
  /** Of an own range: its first and its last day. */
  first: string;
  last: string;
}

/** As many days as the server replays at once. */
const DAYS_MAX = 31;

export function periodIn(params: URLSearchParams): Period {
  const kind = params.get("period");
  return {
    kind: kind === "yesterday" || kind === "own" ? kind : "week",
    first: params.get("first") ?? "",
    last: params.get("last") ?? "",
  };
}

/** From and to as the server takes them, or what is wrong with the range. */
export function rangeOf(period: Period, zone: string): { from: string; to: string } | { fault: string } {
  if (period.kind === "week") {
    // Instants are told to the second: the one that has just begun is meant too.
    const to = now(zone).add({ seconds: 1 });
    return { from: spelled(to.subtract({ days: 7 })), to: spelled(to) };
  }
  if (period.kind === "yesterday") {
    const day = today(zone);
    return { from: spelled(begin(day.subtract({ days: 1 }), zone)), to: spelled(begin(day, zone)) };
  }
  const from = dayBegins(period.first, zone);
  const to = dayEnds(period.last, zone);
  if (from === undefined || to === undefined) return { fault: "Give the first and the last day" };
  if (from.compare(to) >= 0) return { fault: "The last day is before the first" };
  if (from.add({ days: DAYS_MAX }).compare(to) < 0)
    return { fault: `At most ${DAYS_MAX} days can be replayed at once` };
  return { from: spelled(from), to: spelled(to) };
}
