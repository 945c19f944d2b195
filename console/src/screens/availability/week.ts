// The business hours of a week as stretches, and the arithmetic of drawing them.
import { DAY_MINUTES, minuteOf, timeOf } from "./days";
import { same } from "./settings";

export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export const DAY_NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
export const DAY_SHORT = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** What a hand can draw. Times typed may be finer. */
export const STEP = 15;

/** Minutes since the midnight of the day it begins; an end beyond the day is of the next. */
export interface Stretch {
  from: number;
  to: number;
  /** The object it was read from, with whatever else it holds. */
  given: Record<string, unknown>;
}

export interface Interval extends Stretch {
  /** 0 is Monday. */
  day: number;
}

/** What the settings have in a day, or on an exception: nothing, one object, or a list of them. */
export function readStretches(hours: unknown): Stretch[] {
  const entries = Array.isArray(hours) ? hours : [hours];
  return entries.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return [];
    const given = entry as Record<string, unknown>;
    const [from, close] = [minuteOf(String(given.open)), minuteOf(String(given.close))];
    if (from === undefined || close === undefined || from === DAY_MINUTES || from === close) return [];
    return [{ from, to: close < from ? close + DAY_MINUTES : close, given }];
  });
}

/** As the settings have them: null is closed, one is an object, more are a list. */
export function writeStretches(stretches: Stretch[]): unknown {
  const written = stretches.map(({ from, to, given }) => ({ ...given, open: timeOf(from), close: timeOf(to) }));
  return written.length < 2 ? (written[0] ?? null) : written;
}

export function readWeek(schedule: unknown): Interval[] {
  const days = (schedule ?? {}) as Record<string, unknown>;
  return WEEKDAYS.flatMap((name, day) =>
    readStretches(days[name])
      .map((stretch) => ({ ...stretch, day }))
      .sort(inOrder),
  );
}

/** The schedule with other intervals. A day whose intervals are what they were is not touched. */
export function writeWeek(schedule: unknown, week: Interval[]): Record<string, unknown> {
  const days = (schedule ?? {}) as Record<string, unknown>;
  const next = { ...days };
  WEEKDAYS.forEach((name, day) => {
    const now = week.filter((one) => one.day === day).sort(inOrder);
    const bare = ({ from, to }: Stretch) => ({ from, to });
    const was = readStretches(days[name]).sort(inOrder);
    if (!same(was.map(bare), now.map(bare))) next[name] = writeStretches(now);
  });
  return next;
}

function inOrder(a: { day?: number; from: number; to: number }, b: { day?: number; from: number; to: number }): number {
  return (a.day ?? 0) - (b.day ?? 0) || a.from - b.from || a.to - b.to;
}

/** Intervals and which of them is meant: its place may change with what is done to it. */
export interface Marked {
  week: Interval[];
  at: number;
}

function marked(week: Interval[], one: Interval): Marked {
  const sorted = [...week].sort(inOrder);
  return { week: sorted, at: sorted.indexOf(one) };
}

/** With one more, which swallows those of its day that it touches. */
export function added(week: Interval[], one: Interval): Marked {
  let whole = one;
  let others = week;
  for (;;) {
    const grown = whole;
    const touched = others.filter(
      (other) => other.day === grown.day && other.from <= grown.to && grown.from <= other.to,
    );
    if (touched.length === 0) return marked([...others, whole], whole);
    others = others.filter((other) => !touched.includes(other));
    const from = Math.min(grown.from, ...touched.map((other) => other.from));
    const to = Math.max(grown.to, ...touched.map((other) => other.to));
    whole = { ...grown, from, to: Math.min(to, longestTo(from)), given: touched[0]?.given ?? grown.given };
  }
}

export function removed(week: Interval[], at: number): Interval[] {
  return week.filter((_, index) => index !== at);
}

/** With one changed, which leaves the others alone. */
export function replaced(week: Interval[], at: number, one: Interval): Marked {
  return marked([...removed(week, at), one], one);
}

/** The latest end: equal times would be none, save for a whole day. */
function longestTo(from: number): number {
  return from === 0 ? DAY_MINUTES : from + DAY_MINUTES - STEP;
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

export function snapped(minute: number): number {
  return Math.round(minute / STEP) * STEP;
}

/** The next step in a direction, from wherever it is. */
function stepped(minute: number, by: number): number {
  const off = minute % STEP;
  if (off === 0) return minute + by;
  return by > 0 ? minute - off + by : minute - off + STEP + by;
}

/** Moved within the week: its length stays, and what ended on its day goes on ending there. */
export function movedTo(one: Interval, day: number, from: number): Interval {
  const length = one.to - one.from;
  const latest = one.to <= DAY_MINUTES ? DAY_MINUTES - length : DAY_MINUTES - STEP;
  const begins = clamp(from, 0, latest);
  return { ...one, day: (day + 7) % 7, from: begins, to: begins + length };
}

export function endingAt(one: Interval, to: number): Interval {
  return { ...one, to: clamp(to, one.from + STEP, longestTo(one.from)) };
}

export function beginningAt(one: Interval, from: number): Interval {
  const earliest = Math.max(0, one.to - DAY_MINUTES + (one.to === DAY_MINUTES ? 0 : STEP));
  return { ...one, from: clamp(from, earliest, Math.min(one.to, DAY_MINUTES) - STEP) };
}

/** By a key: all of it, its start or its end. */
export function nudged(one: Interval, what: "all" | "start" | "end", by: number): Interval {
  if (what === "start") return beginningAt(one, stepped(one.from, by));
  if (what === "end") return endingAt(one, stepped(one.to, by));
  return movedTo(one, one.day, stepped(one.from, by));
}

/** A place in the week. */
export interface Spot {
  day: number;
  minute: number;
}

/** How many minutes a spot lies after the midnight of a day: only its own day and the next are reached. */
export function reach(day: number, spot: Spot): number {
  switch ((spot.day - day + 7) % 7) {
    case 0:
      return spot.minute;
    case 1:
      return DAY_MINUTES + spot.minute;
    // Before it: as if it were its beginning. Further on: its end.
    case 6:
      return 0;
    default:
      return DAY_MINUTES;
  }
}

/** What is drawn from one spot to another, upwards too; dragged into the next day it runs over midnight. */
export function drawn(start: Spot, end: Spot): Interval {
  const [a, b] = [snapped(start.minute), snapped(reach(start.day, end))];
  const from = clamp(Math.min(a, b), 0, DAY_MINUTES - STEP);
  const to = clamp(Math.max(a, b), from + STEP, longestTo(from));
  return { day: start.day, from, to, given: {} };
}

/** An interval as it is seen: what runs over midnight is seen on two days. */
export interface Block {
  at: number;
  day: number;
  from: number;
  to: number;
  part: "whole" | "head" | "tail";
}

export function blocksOf(week: Interval[]): Block[] {
  return week.flatMap(({ day, from, to }, at): Block[] =>
    to <= DAY_MINUTES
      ? [{ at, day, from, to, part: "whole" }]
      : [
          { at, day, from, to: DAY_MINUTES, part: "head" },
          { at, day: (day + 1) % 7, from: 0, to: to - DAY_MINUTES, part: "tail" },
        ],
  );
}

/** Where another interval may be put on a day: in its first gap of some length, else its first gap. */
export function roomOn(week: Interval[], day: number): Interval {
  const taken = week.filter((one) => one.day === day).map(({ from, to }) => ({ from, to }));
  const free = (from: number, to: number) => !taken.some((one) => one.from < to && from < one.to);
  const wishes = [
    [540, 1020],
    ...taken.map(({ to }) => [to + 60, to + 240] as const),
    ...Array.from({ length: 23 }, (_, hour) => [hour * 60, hour * 60 + 60] as const),
  ];
  const [from, to] = wishes.find(([a = 0, b = 0]) => b <= DAY_MINUTES && free(a, b)) ?? [1380, DAY_MINUTES];
  return { day, from: from ?? 0, to: to ?? DAY_MINUTES, given: {} };
}

/** One day's hours on other days too. */
export function copied(week: Interval[], from: number, to: number[]): Interval[] {
  const days = to.filter((day) => day !== from);
  const pattern = week.filter((one) => one.day === from);
  return [
    ...week.filter((one) => !days.includes(one.day)),
    ...days.flatMap((day) => pattern.map((one) => ({ ...one, day }))),
  ].sort(inOrder);
}

/** `Monday 22:00 to 06:00 on Tuesday` */
export function intervalText({ day, from, to }: Interval): string {
  const next = to > DAY_MINUTES ? ` on ${DAY_NAMES[(day + 1) % 7]}` : "";
  return `${DAY_NAMES[day]} ${timeOf(from)} to ${timeOf(to)}${next}`;
}
