// Clocks on walls: what an instant is called in a zone, and which instant a date and time there mean.
import {
  type CalendarDate,
  type CalendarDateTime,
  parseAbsolute,
  parseDate,
  parseDateTime,
  toCalendarDate,
  toCalendarDateTime,
  toZoned,
  type ZonedDateTime,
} from "@internationalized/date";

/** What two fields of a form hold: `2026-12-24`, `20:00`. */
export interface Wall {
  date: string;
  time: string;
}

/** `2026-12-24T20:00:00-05:00`: the instant, and what the clock shows. */
export function spelled(at: ZonedDateTime): string {
  return at
    .set({ millisecond: 0 })
    .toString()
    .replace(/\[.*\]$/, "");
}

export function instant(at: string, zone: string): ZonedDateTime | undefined {
  try {
    return parseAbsolute(at, zone);
  } catch {
    return undefined;
  }
}

export function wallOf(at: ZonedDateTime): Wall {
  const [date = "", time = ""] = toCalendarDateTime(at).toString().split("T");
  return { date, time: time.slice(0, 5) };
}

/** Which instant is meant, and whether the clock shows that time once. None where the fields hold no time. */
export function meant(wall: Wall, zone: string): { at: ZonedDateTime; shown: "once" | "twice" | "never" } | undefined {
  let local: CalendarDateTime;
  try {
    local = parseDateTime(`${wall.date}T${wall.time}`);
  } catch {
    return undefined;
  }
  const earlier = toZoned(local, zone, "earlier");
  const later = toZoned(local, zone, "later");
  if (earlier.compare(later) === 0) return { at: earlier, shown: "once" };
  if (wallOf(earlier).time === wall.time) return { at: earlier, shown: "twice" };
  return { at: later, shown: "never" };
}

/** The first instant of a day; none where it is no date. */
export function dayBegins(date: string, zone: string): ZonedDateTime | undefined {
  try {
    return begin(parseDate(date), zone);
  } catch {
    return undefined;
  }
}

/** The first instant after a day. */
export function dayEnds(date: string, zone: string): ZonedDateTime | undefined {
  try {
    return begin(parseDate(date).add({ days: 1 }), zone);
  } catch {
    return undefined;
  }
}

export function begin(day: CalendarDate, zone: string): ZonedDateTime {
  return toZoned(day, zone);
}

/** Farther ahead nobody asks. */
const AHEAD_DAYS = 400;

/** When the clocks of a zone are changed next, to the second; none where they are not. */
export function nextClockChange(from: ZonedDateTime): ZonedDateTime | undefined {
  let before = from;
  for (let day = 0; day < AHEAD_DAYS; day += 1) {
    const after = before.add({ hours: 24 });
    if (after.offset !== before.offset) return narrowed(before, after);
    before = after;
  }
  return undefined;
}

function narrowed(before: ZonedDateTime, after: ZonedDateTime): ZonedDateTime {
  let [low, high] = [Math.floor(before.toDate().getTime() / 1000), Math.floor(after.toDate().getTime() / 1000)];
  const at = (second: number) => parseAbsolute(new Date(second * 1000).toISOString(), before.timeZone);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (at(middle).offset === before.offset) low = middle;
    else high = middle;
  }
  return at(high);
}

/** 0 is Sunday. */
export function weekday(day: { year: number; month: number; day: number }): number {
  return new Date(Date.UTC(day.year, day.month - 1, day.day)).getUTCDay();
}

export { toCalendarDate };
