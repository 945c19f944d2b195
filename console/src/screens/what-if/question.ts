// The question of this screen: a caller, a number, an instant, a load; as it stands in the address and as it is asked.
import type { ZonedDateTime } from "@internationalized/date";
import type { Availability, Imagined } from "../../api/schema";
import { quoted } from "../../ui/shell";
import { dayBegins, instant, nextClockChange, spelled, toCalendarDate, weekday } from "../../ui/zoned";

export interface Question {
  from: string;
  to: string;
  /** RFC 3339; now where it is empty. */
  at: string;
  /** As it is now, or none at another time, where it is empty. */
  load: string;
}

export function questionIn(params: URLSearchParams): Question {
  const of = (name: string) => params.get(name)?.trim() ?? "";
  return { from: of("from"), to: of("to"), at: of("at"), load: of("load") };
}

const LOAD_MAX = 1_000_000;

/** What is wrong with it before anybody is asked. */
export function faultsOf({ at, load }: Question, zone: string): { at?: string; load?: string } {
  const isCount = load === "" || (/^\d{1,7}$/.test(load) && Number(load) <= LOAD_MAX);
  return {
    ...(at !== "" && instant(at, zone) === undefined && { at: "This is no date and time" }),
    ...(!isCount && { load: "Give a whole number, or nothing" }),
  };
}

export function bodyOf({ from, to, at, load }: Question): Omit<Imagined, "availability"> {
  return {
    ...(at !== "" && { at }),
    ...(load !== "" && { activeCalls: Number(load) }),
    ...(from !== "" && { from }),
    ...(to !== "" && { to }),
  };
}

/** The same question as a command. */
export function commandOf({ from, to, at, load }: Question, slug: string): string {
  const words = [
    at !== "" && `--at ${quoted(at)}`,
    load !== "" && `--active-calls ${load}`,
    from !== "" && `--from ${quoted(from)}`,
    to !== "" && `--to ${quoted(to)}`,
  ];
  return [`patchbay tenants simulate ${quoted(slug)}`, ...words.filter((word) => word !== false)].join(" ");
}

export interface Moment {
  label: string;
  at: string;
}

/** Instants people ask about, the next of each kind. */
export function moments(now: ZonedDateTime, availability: Availability | undefined): Moment[] {
  const evening = now.set({ hour: 20, minute: 0, second: 0 });
  const isLate = evening.compare(now) <= 0;
  const untilSunday = (7 - weekday(now)) % 7;
  const noon = now.add({ days: untilSunday }).set({ hour: 12, minute: 0, second: 0 });
  const sunday = noon.compare(now) <= 0 ? noon.add({ days: 7 }) : noon;
  const holiday = nextHoliday(now, availability);
  const change = nextClockChange(now);
  return [
    { label: isLate ? "Tomorrow 20:00" : "Tonight 20:00", at: spelled(isLate ? evening.add({ days: 1 }) : evening) },
    { label: "Sunday noon", at: spelled(sunday) },
    ...(holiday === undefined ? [] : [{ label: "Next holiday", at: spelled(holiday) }]),
    ...(change === undefined ? [] : [{ label: "Clock change", at: spelled(change) }]),
  ];
}

/** The middle of the next morning that is no ordinary one. */
export function nextHoliday(now: ZonedDateTime, availability: Availability | undefined): ZonedDateTime | undefined {
  const hours = availability?.afterHours?.businessHours;
  const today = toCalendarDate(now).toString();
  const year = now.year;
  const yearly = (holiday: string) => [year, year + 1].map((year) => `${year}${holiday.slice(1)}`);
  const holidays = (hours?.holidays ?? []).flatMap((day) => (day.startsWith("--") ? yearly(day) : [day]));
  const exceptions = (hours?.exceptions ?? []).flatMap(({ date, from }) => date ?? from ?? []);
  const [next] = [...holidays, ...exceptions].filter((day) => day > today && dayBegins(day, now.timeZone)).sort();
  return next === undefined ? undefined : dayBegins(next, now.timeZone)?.set({ hour: 11 });
}
