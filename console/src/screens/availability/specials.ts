// Days that do not go by the week: holidays and exceptions, read as one kind of thing and written back as two.
import { parseDate } from "@internationalized/date";
import { put } from "./settings";
import { readStretches, type Stretch, writeStretches } from "./week";

export interface Special {
  /** Where it stands in the settings; nowhere yet if it is new. */
  source: { list: "holidays" | "exceptions"; index: number } | undefined;
  first: string;
  /** The last day, included. */
  last: string;
  /** Comes again every year; then it is one day, closed. */
  yearly: boolean;
  /** None is closed. */
  hours: Stretch[];
  name: string;
  /** The exception it was read from, with whatever else it holds. */
  given: Record<string, unknown>;
}

type Hours = Record<string, unknown> | null | undefined;

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A day that every year has, to hold a yearly one by. */
const LEAP_YEAR = "2000";

export function readSpecials(businessHours: Hours): Special[] {
  const list = (key: string) => (Array.isArray(businessHours?.[key]) ? (businessHours[key] as unknown[]) : []);
  const holidays = list("holidays").flatMap((entry, index): Special[] => {
    const text = String(entry);
    const yearly = text.startsWith("--");
    const day = yearly ? `${LEAP_YEAR}-${text.slice(2)}` : text;
    if (!isDay(day)) return [];
    const source = { list: "holidays" as const, index };
    return [{ source, first: day, last: day, yearly, hours: [], name: "", given: {} }];
  });
  const exceptions = list("exceptions").flatMap((entry, index): Special[] => {
    if (typeof entry !== "object" || entry === null) return [];
    const given = entry as Record<string, unknown>;
    const [first, last] = [String(given.date ?? given.from), String(given.date ?? given.to)];
    if (!isDay(first) || !isDay(last)) return [];
    const name = typeof given.name === "string" ? given.name : "";
    const source = { list: "exceptions" as const, index };
    return [{ source, first, last, yearly: false, hours: readStretches(given.hours), name, given }];
  });
  return [...holidays, ...exceptions];
}

export function isDay(text: string): boolean {
  if (!DATE.test(text)) return false;
  try {
    return parseDate(text).toString() === text;
  } catch {
    return false;
  }
}

/** What rules a day: an exception before a holiday, a day before a range, a later entry before an earlier. */
export function ruling(specials: Special[], date: string): Special | undefined {
  const exceptions = specials.filter(
    ({ source, first, last }) => source?.list !== "holidays" && first <= date && date <= last,
  );
  return (
    exceptions.findLast(({ first, last }) => first === last) ??
    exceptions.at(-1) ??
    specials.find((one) => one.source?.list === "holidays" && fallsOn(one, date))
  );
}

function fallsOn({ yearly, first }: Special, date: string): boolean {
  return yearly ? first.slice(5) === date.slice(5) : first === date;
}

/** Closed on one nameless day, or every year, is a holiday; all else is an exception. */
function listOf({ first, last, hours, name, yearly, given }: Special): "holidays" | "exceptions" {
  const plain = first === last && hours.length === 0 && name === "" && Object.keys(given).length === 0;
  return yearly || plain ? "holidays" : "exceptions";
}

function written(special: Special): unknown {
  const { first, last, hours, name, yearly, given } = special;
  if (listOf(special) === "holidays") return yearly ? `--${first.slice(5)}` : first;
  const { date: _, from: __, to: ___, ...rest } = given;
  const days = first === last ? { date: first } : { from: first, to: last };
  const next: Record<string, unknown> = { ...days, ...rest, hours: writeStretches(hours) };
  if (name !== "") next.name = name;
  else delete next.name;
  return next;
}

/** The business hours with a special day as it is now, and where it stands from now on. */
export function withSpecial(
  businessHours: Hours,
  special: Special,
): { businessHours: Record<string, unknown>; source: NonNullable<Special["source"]> } {
  const list = listOf(special);
  const { source } = special;
  if (source?.list === list) {
    const entries = [...((businessHours?.[list] ?? []) as unknown[])];
    entries[source.index] = written(special);
    return { businessHours: put({ ...businessHours }, [list], entries), source };
  }
  const without = source === undefined ? { ...businessHours } : withoutSpecial(businessHours, source);
  const entries = [...((without[list] ?? []) as unknown[]), written(special)];
  return { businessHours: put(without, [list], entries), source: { list, index: entries.length - 1 } };
}

export function withoutSpecial(
  businessHours: Hours,
  { list, index }: NonNullable<Special["source"]>,
): Record<string, unknown> {
  const entries = (businessHours?.[list] ?? []) as unknown[];
  return put(
    { ...businessHours },
    [list],
    entries.filter((_, place) => place !== index),
  );
}

/** In the order of the calendar; those of every year first. */
export function inOrder(specials: Special[]): Special[] {
  return [...specials].sort((a, b) => Number(b.yearly) - Number(a.yearly) || a.first.localeCompare(b.first));
}
