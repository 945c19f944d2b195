// When a decision by hand may end: soon, with the day, the next morning. All on the clock of the business.
import {
  type CalendarDateTime,
  fromAbsolute,
  parseDateTime,
  toCalendarDateTime,
  toZoned,
  type ZonedDateTime,
} from "@internationalized/date";
import type { Availability, OpeningHours } from "../../api/schema";
import { weekday } from "../../ui/zoned";

export interface End {
  key: "soon" | "day" | "morning" | "never";
  /** Goes on after “until”. */
  label: string;
  until: string | null;
}

/** Before this hour it is still night, and the next morning is today's. */
const NIGHT_ENDS = 6;

/** Where a business tells nothing of its hours, its morning begins here. */
const MORNING = { hour: 8, minute: 0 };

/** What is offered with one click, the nearest first. */
export function ends(now: number, zone: string, availability?: Availability, locale?: string): End[] {
  const here = fromAbsolute(now, zone);
  const soon = nextFullHour(here.add({ hours: 1 }));
  const midnight = toZoned(startOf(here.add({ days: 1 })), zone);
  const morning = nextMorning(here, zone, availability);
  const named = (at: ZonedDateTime, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }).format(at.toDate());
  const clock = (at: ZonedDateTime) => named(at, { hour: "numeric", minute: "2-digit" });
  const isOn = (day: ZonedDateTime) => startOf(morning).compare(startOf(day)) === 0;
  const tomorrow = isOn(here.add({ days: 1 })) ? "tomorrow" : named(morning, { weekday: "long" });
  const day = isOn(here) ? "this morning" : tomorrow;
  const timed: End[] = [
    { key: "morning", label: `${day} ${clock(morning)}`, until: instant(morning) },
    { key: "day", label: "end of today", until: instant(midnight) },
  ];
  if (morning.compare(midnight) > 0) timed.reverse();
  if (soon.compare(midnight) < 0) timed.unshift({ key: "soon", label: clock(soon), until: instant(soon) });
  return [...timed, { key: "never", label: "I say", until: null }];
}

/** What a field for a time of the tenant's clock begins with: two hours from now. */
export function proposed(now: number, zone: string): string {
  return toCalendarDateTime(nextFullHour(fromAbsolute(now, zone).add({ hours: 2 })))
    .toString()
    .slice(0, 16);
}

/** The instant of a local time as `2026-11-30T14:00`; nothing where it is none. */
export function instantOf(local: string, zone: string): string | undefined {
  try {
    return instant(toZoned(parseDateTime(local), zone));
  } catch {
    return undefined;
  }
}

function nextFullHour(at: ZonedDateTime): ZonedDateTime {
  const floor = at.set({ minute: 0, second: 0, millisecond: 0 });
  return floor.compare(at) === 0 ? floor : floor.add({ hours: 1 });
}

function startOf(at: ZonedDateTime): CalendarDateTime {
  return toCalendarDateTime(at).set({ hour: 0, minute: 0, second: 0, millisecond: 0 });
}

/** The first weekly opening of a morning to come, within a week; where none is known, the next morning. */
function nextMorning(here: ZonedDateTime, zone: string, availability: Availability | undefined): ZonedDateTime {
  const hours = availability?.afterHours?.businessHours;
  const schedule = (hours?.timezone ?? zone) === zone ? hours?.schedule : undefined;
  const first = here.hour < NIGHT_ENDS ? 0 : 1;
  for (let ahead = first; ahead <= 7; ahead++) {
    const day = startOf(here.add({ days: ahead }));
    const opening = firstOpening(schedule?.[dayName(day)]);
    const at = opening === undefined ? undefined : toZoned(day.set(opening), zone);
    if (at !== undefined && at.compare(here) > 0) return at;
  }
  return toZoned(startOf(here.add({ days: first })).set(MORNING), zone);
}

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;

function dayName(day: CalendarDateTime): (typeof WEEKDAYS)[number] {
  return WEEKDAYS[weekday(day)] ?? "sunday";
}

function firstOpening(hours: OpeningHours | OpeningHours[] | null | undefined) {
  if (hours === null || hours === undefined) return undefined;
  const first = (Array.isArray(hours) ? hours.map(({ open }) => open) : [hours.open]).sort()[0];
  const [hour, minute] = (first ?? "").split(":").map(Number);
  return hour === undefined || minute === undefined || Number.isNaN(minute) ? undefined : { hour, minute };
}

/** Without milliseconds: it is read by people too. */
function instant(at: ZonedDateTime): string {
  return at.toAbsoluteString().replace(/\.\d+Z$/, "Z");
}
