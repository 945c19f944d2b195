// What differs between two states of a thing, place by place.
import type { Difference } from "../api/schema";
import { isRecord } from "./record";

/** They change with every save and say nothing. */
const SAYS_NOTHING = new Set(["/version", "/updatedAt"]);

/** Every place at which two values differ, as far down as a line can tell it. Nothing and `null` are the same. */
export function changesBetween(before: unknown, after: unknown, pointer = ""): Difference[] {
  if (isSame(before, after)) return [];
  const members = membersOf(before, after, pointer);
  if (members === undefined) return [{ pointer, before: before ?? null, after: after ?? null }];
  return members.flatMap(([name, was, is]) => {
    const place = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    return SAYS_NOTHING.has(place) ? [] : changesBetween(was, is, place);
  });
}

type Member = [name: string, before: unknown, after: unknown];

/** What two values are made of, where they are told by it. */
function membersOf(before: unknown, after: unknown, pointer: string): Member[] | undefined {
  if ([before, after].some((value) => isOne(value, pointer))) return undefined;
  // A list of many-sided things is told item by item; what is new in it or gone from it, as a whole.
  const [rows, others] = [before ?? [], after ?? []];
  if (Array.isArray(rows) && Array.isArray(others) && [...rows, ...others].some(isRecord)) {
    const longer = rows.length > others.length ? rows : others;
    return longer.map((_, index) => [String(index), rows[index], others[index]]);
  }
  const isNewInList = /\/\d+$/.test(pointer) && ((before ?? null) === null || (after ?? null) === null);
  const [was, is] = [before ?? {}, after ?? {}];
  if (isNewInList || !isRecord(was) || !isRecord(is)) return undefined;
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names.length === 0 ? undefined : names.map((name) => [name, was[name], is[name]]);
}

/** Told in one line, though it has members. */
function isOne(value: unknown, pointer: string): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isHours);
  return isHours(value) || (isRecord(value) && /\/(override|target)$/.test(pointer));
}

export function isHours(value: unknown): value is { open: string; close: string } {
  return isRecord(value) && typeof value.open === "string" && typeof value.close === "string";
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** The order of members says nothing, nor does one that is nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value ?? null;
  const names = Object.keys(value).filter((name) => (value[name] ?? null) !== null);
  return Object.fromEntries(names.sort().map((name) => [name, sorted(value[name])]));
}
