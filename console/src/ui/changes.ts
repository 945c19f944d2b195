// What differs between two settings, place by place, and how each place is called by people.

export interface Change {
  /** JSON pointer (RFC 6901); empty for the whole. */
  pointer: string;
  before: unknown;
  after: unknown;
}

/** They change with every save and say nothing. */
const SAYS_NOTHING = new Set(["version", "updatedAt"]);

/** Every place at which two values differ. Nothing and `null` are the same. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const found: Change[] = [];
  walk(before ?? null, after ?? null, "", found);
  return found;
}

function walk(before: unknown, after: unknown, pointer: string, found: Change[]) {
  if (same(before, after)) return;
  const members = objectsIn(before, after);
  if (members !== undefined) {
    for (const name of new Set([...Object.keys(members.was), ...Object.keys(members.is)])) {
      if (pointer === "" && SAYS_NOTHING.has(name)) continue;
      walk(members.was[name] ?? null, members.is[name] ?? null, `${pointer}/${escaped(name)}`, found);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].some(isPlainObject)) {
    for (let index = 0; index < Math.max(before.length, after.length); index++) {
      walk(before[index] ?? null, after[index] ?? null, `${pointer}/${index}`, found);
    }
  } else {
    found.push({ pointer, before, after });
  }
}

/** Two objects, of which one may be nothing; hours are told as a whole. */
function objectsIn(before: unknown, after: unknown): { was: Json; is: Json } | undefined {
  const [was, is] = [before ?? {}, after ?? {}];
  if (!isPlainObject(was) || !isPlainObject(is) || isHours(before) || isHours(after)) return undefined;
  return Object.keys(was).length + Object.keys(is).length === 0 ? undefined : { was, is };
}

type Json = Record<string, unknown>;

export function isPlainObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isHours(value: unknown): value is { open: string; close: string } {
  return isPlainObject(value) && typeof value.open === "string" && typeof value.close === "string";
}

function same(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** What a member is called where its own name would not do. */
const NAMES: Record<string, string> = {
  id: "Id",
  orgId: "Organization",
  tenantId: "Tenant",
  slug: "Short name",
  timezone: "Time zone",
  target: "Who answers",
  connect: "Connection to the AI",
  via: "way",
  sipUri: "SIP address",
  sipUsername: "SIP user",
  hasPassword: "password is set",
  timeoutSeconds: "seconds to ring",
  availability: "Availability",
  override: "By hand",
  afterHours: "after hours",
  businessHours: "business hours",
  highVolume: "overflow",
  customSchedule: "schedule",
  threshold: "threshold",
  fallback: "Fallback",
  forwardNumber: "number of the staff",
  voicemailGreeting: "greeting",
  e164: "Number",
  accountSid: "Twilio account",
  twilioSid: "Id at Twilio",
  vapiNumberId: "Id at Vapi",
  alreadyOverflowed: "Caller overflowed already",
  hasNextToken: "next token is kept",
  expiresAt: "Good until",
  revokedAt: "Revoked",
  dayOfWeek: "day",
  startTime: "from",
  endTime: "to",
  disabledReason: "Why it is disabled",
  needsPhoneNumber: "needs a number",
  url: "Address",
  events: "Told of",
};

/** Lists whose items have a name of their own. */
const ITEMS: Record<string, string> = { rules: "rule", exceptions: "exception", steps: "step", errors: "fault" };

/** `/availability/afterHours/businessHours/schedule/friday` is “Availability, after hours, business hours, Friday”. */
export function placeInWords(pointer: string): string {
  if (pointer === "") return "Everything";
  const members = pointer
    .slice(1)
    .split("/")
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const spoken: string[] = [];
  members.forEach((name, index) => {
    const list = members[index - 1] ?? "";
    const isItem = /^\d+$/.test(name);
    if (isItem) spoken.push(`${ITEMS[list] ?? "entry"} ${Number(name) + 1}`);
    // The items and the days say it.
    else if ((name === "rules" || name === "schedule") && index < members.length - 1) return;
    else spoken.push(NAMES[name] ?? worded(name));
  });
  const text = spoken.join(", ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

export function dayName(index: number): string {
  return DAYS[index] ?? String(index);
}

export function isWeekday(name: string): boolean {
  return DAYS.some((day) => day.toLowerCase() === name);
}

/** `estimatedWaitMinutes` is “estimated wait minutes”, `friday` is “Friday”. */
function worded(name: string): string {
  if (isWeekday(name)) return name.charAt(0).toUpperCase() + name.slice(1);
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

/** A value as it is read in a line. `name` is the last member of its pointer. */
export function valueInWords(value: unknown, name = ""): string {
  if (value === null || value === undefined) return isWeekday(name) ? "closed" : "nothing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (name === "dayOfWeek" && typeof value === "number") return dayName(value);
  if (isHours(value)) return `${value.open} to ${value.close}`;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map((one) => valueInWords(one)).join(", ");
  if (isPlainObject(value)) return Object.keys(value).length === 0 ? "empty" : ruleInWords(value);
  return value === "" ? "an empty text" : String(value);
}

function ruleInWords(value: Json): string {
  const members = Object.entries(value);
  return members.map(([name, one]) => `${NAMES[name] ?? worded(name)} ${valueInWords(one, name)}`).join(", ");
}
