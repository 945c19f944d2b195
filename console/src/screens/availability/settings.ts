// Settings as they were given: looked into and changed at a place, all else kept as it was, known to us or not.
import type { Availability } from "../../api/schema";
import { isRecord } from "../../ui/record";

export type Path = readonly string[];

/** What is at a place; undefined where there is nothing. */
export function pick(settings: unknown, path: Path): unknown {
  let value = settings;
  for (const key of path) {
    if (!isRecord(value)) return undefined;
    value = value[key];
  }
  return value;
}

/** The same with another value at a place. Objects on the way are made; undefined takes the key away. */
export function put<T>(settings: T, path: Path, value: unknown): T {
  const [key, ...rest] = path;
  if (key === undefined) return value as T;
  const before: Record<string, unknown> = isRecord(settings) ? settings : {};
  const next: Record<string, unknown> = { ...before, [key]: rest.length === 0 ? value : put(before[key], rest, value) };
  if (rest.length === 0 && value === undefined) delete next[key];
  return next as T;
}

export interface Change {
  path: Path;
  before: unknown;
  after: unknown;
}

/** What differs, place by place. A list is one place, and so are the hours of a day; null is as good as absent. */
export function changesBetween(before: unknown, after: unknown, path: Path = []): Change[] {
  if (same(before, after)) return [];
  const whole = [{ path, before, after }];
  const [a, b] = [insideOf(before), insideOf(after)];
  if (a === undefined || b === undefined) return whole;
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const found = keys.flatMap((key) => changesBetween(a[key], b[key], [...path, key]));
  // An empty object that comes or goes has nothing inside to differ by.
  return found.length === 0 ? whole : found;
}

/** What can differ inside of a value: nothing inside of what is absent, and hours only as a whole. */
function insideOf(value: unknown): Record<string, unknown> | undefined {
  if (value === undefined || value === null) return {};
  return isRecord(value) && !("open" in value || "close" in value) ? value : undefined;
}

/** Whether two values say the same: null is as good as absent, and a list of one as good as that one. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? undefined) === (b ?? undefined)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, index) => same(one, b[index]));
  }
  if (Array.isArray(a) && a.length === 1) return same(a[0], b);
  if (Array.isArray(b) && b.length === 1) return same(a, b[0]);
  if (!isRecord(a) || !isRecord(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(a[key], b[key]));
}

/** The changes once more, made to other settings. */
export function withChanges(settings: Availability, changes: Change[]): Availability {
  return changes.reduce((now, { path, after }) => put(now, path, after), settings);
}

/** Whether two people changed one place. */
export function meet(mine: Change[], theirs: Change[]): boolean {
  const within = (a: Path, b: Path) => a.every((key, index) => b[index] === key);
  return mine.some((one) => theirs.some((other) => within(one.path, other.path) || within(other.path, one.path)));
}

/** A place as the API points to it. */
export function pointer(path: readonly (string | number)[]): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
