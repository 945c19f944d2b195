// Days of the calendar and minutes of the day, in the forms the settings have them.
import { parseDate, today } from "@internationalized/date";

export const DAY_MINUTES = 24 * 60;

export function todayIn(zone: string): string {
  return today(zone).toString();
}

export function addDays(date: string, days: number): string {
  return parseDate(date).add({ days }).toString();
}

/** The minute that `09:30` names, up to `24:00`; none if it is no time. */
export function minuteOf(time: string): number | undefined {
  const found = /^(\d{2}):(\d{2})$/.exec(time);
  if (found === null) return undefined;
  const [hours, minutes] = [Number(found[1]), Number(found[2])];
  const total = hours * 60 + minutes;
  return minutes < 60 && total <= DAY_MINUTES ? total : undefined;
}

/** `09:30`; what lies beyond midnight is of the next day, midnight itself the end of this one. */
export function timeOf(minute: number): string {
  const within = minute > DAY_MINUTES ? minute - DAY_MINUTES : minute;
  return `${String(Math.floor(within / 60)).padStart(2, "0")}:${String(within % 60).padStart(2, "0")}`;
}

/** A time as people type it: `9`, `9:30`, `930`, `9.30 pm`, `24`. */
export function typedTime(text: string): string | undefined {
  const found = /^(\d{1,2}?)(?:[:.h]?(\d{2}))?\s*([ap])?\.?(?:m\.?)?$/i.exec(text.trim());
  if (found === null) return undefined;
  const [, hour, minutes = "00", half] = found;
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined;
    hours = (hours % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  }
  const time = `${String(hours).padStart(2, "0")}:${minutes}`;
  return minuteOf(time) === undefined ? undefined : time;
}
