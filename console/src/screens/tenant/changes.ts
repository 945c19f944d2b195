// What differs between two states of a tenant, and how a place in them is called by people.
import type { Availability, Difference, Tenant, Version } from "../../api/schema";
import { timeText } from "../../ui/time";

/** What a tenant is, without what only tells which one and when. */
export function identity(tenant: Tenant): Record<string, unknown> {
  const { name, slug, timezone, country, language = null, voice = null, target, connect } = tenant;
  return { name, slug, timezone, country, language, voice, target, connect };
}

/** What a version holds that going back to it brings back. */
function restorable(tenant: Tenant, availability: Availability): Record<string, unknown> {
  const { slug: _, ...stays } = identity(tenant);
  return { ...stays, availability };
}

/** What going back to a version changes of what is now. */
export function comingBack(version: Version, tenant: Tenant, availability: Availability): Difference[] {
  const now = restorable(tenant, availability);
  const then = restorable(version.tenant, version.availability);
  // The words of an address that was made for it are those Vapi has: they stay.
  if (tenant.connect.sipUri?.startsWith(`sip:${tenant.id}@`) === true) {
    const { via, timeoutSeconds } = version.tenant.connect;
    const { timeoutSeconds: _, ...own } = tenant.connect;
    then.connect = { ...own, via, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
  }
  return differences(now, then);
}

/** Each place at which two values differ, by its JSON pointer; lists are compared as a whole. */
export function differences(before: unknown, after: unknown, pointer = ""): Difference[] {
  if (!isRecord(before) || !isRecord(after)) {
    return isSame(before, after) ? [] : [{ pointer, before: before ?? null, after: after ?? null }];
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => differences(before[name], after[name], `${pointer}/${escaped(name)}`));
}

/** A change of something large as the changes of its members, where those can be told in a line each. */
export function unfolded(change: Difference): Difference[] {
  const { before, after, pointer } = change;
  if (short(before, pointer) !== undefined && short(after, pointer) !== undefined) return [change];
  const [was, is] = [before ?? {}, after ?? {}];
  if (!isRecord(was) || !isRecord(is)) return [change];
  // Through members, so that the largest comes apart as well.
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names
    .filter((name) => !isSame(was[name], is[name]))
    .map((name) => ({ pointer: `${pointer}/${escaped(name)}`, before: was[name] ?? null, after: is[name] ?? null }))
    .flatMap(unfolded);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one ?? null)) === JSON.stringify(sorted(other ?? null));
}

/** The order of members says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

const PLACES: Record<string, string> = {
  name: "Name",
  slug: "Slug",
  timezone: "Time zone",
  country: "Country",
  language: "Language",
  voice: "Voice",
  target: "Who answers at Vapi",
  connect: "Reaching Vapi",
  via: "by",
  sipUri: "SIP address",
  username: "user name",
  password: "password",
  hasPassword: "password set",
  timeoutSeconds: "seconds to ring",
  availability: "Availability",
  mode: "mode",
  afterHours: "after hours",
  businessHours: "business hours",
  schedule: "week",
  holidays: "holidays",
  holidayCalendar: "public holidays",
  exceptions: "exceptions",
  calendarUrl: "calendar",
  highVolume: "high volume",
  threshold: "threshold",
  customSchedule: "schedule",
  rules: "rules",
  enabled: "switched on",
  fallback: "fallback",
  type: "type",
  forwardNumber: "number",
  noAnswer: "where nobody picks up",
  greeting: "greeting",
  transcribe: "transcription",
  override: "Decided by hand",
  state: "state",
  until: "until",
  note: "note",
  plan: "Plan",
  callerRules: "rules for callers",
  monday: "Monday",
  tuesday: "Tuesday",
  wednesday: "Wednesday",
  thursday: "Thursday",
  friday: "Friday",
  saturday: "Saturday",
  sunday: "Sunday",
};

/** `/availability/afterHours/businessHours/schedule/monday` → `Availability › after hours › business hours › Monday` */
export function place(pointer: string): string {
  const parts = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .filter((part) => part !== "schedule");
  const words = parts.map((part) => PLACES[part] ?? (/^\d+$/.test(part) ? `no. ${Number(part) + 1}` : part));
  const [first = "Everything", ...rest] = words;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(" › ");
}

const WORDS: Record<string, string> = {
  always: "The AI always answers",
  disabled: "The AI never answers",
  "after-hours-only": "Outside business hours",
  "overflow-only": "When many call",
  scheduled: "By a schedule",
  combined: "By several conditions",
  "force-ai": "The AI answers",
  "force-fallback": "The AI does not answer",
  "busy-signal": "Busy signal",
  voicemail: "Voicemail",
  forward: "Staff",
};

/** One value in words, where it is short enough for a line. Undefined: it wants room. */
export function short(value: unknown, pointer: string, zone?: string): string | undefined {
  if (value === null || value === undefined) return /day$/.test(pointer) ? "closed" : "nothing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return value.toLocaleString();
  if (typeof value === "string" && pointer === "/override/until") return timeText(value, zone);
  if (typeof value === "string") return WORDS[value] ?? (value === "" ? "nothing" : value);
  if (isRecord(value)) {
    if (pointer === "/override") return forced(value, zone);
    const { open, close, kind, id } = value;
    const members = Object.keys(value).length;
    if (typeof open === "string" && typeof close === "string" && members === 2) return `${open}–${close}`;
    if (typeof kind === "string" && typeof id === "string" && members === 2) return `${kind} ${id}`;
    return undefined;
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    const each = value.map((one) => short(one, ""));
    const all = each.every((one) => one !== undefined) ? each.join(", ") : undefined;
    return all !== undefined && all.length <= 120 ? all : undefined;
  }
  return undefined;
}

/** A decision by hand: `The AI does not answer, until Mon, Nov 30, 2:00 PM` */
function forced({ state, until, note }: Record<string, unknown>, zone: string | undefined): string {
  const who = WORDS[String(state)] ?? String(state);
  const end = typeof until === "string" ? `until ${timeText(until, zone)}` : "until somebody ends it";
  return `${who}, ${end}${typeof note === "string" && note !== "" ? ` (“${note}”)` : ""}`;
}
