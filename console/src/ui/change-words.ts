// Places in a setting and the values there, as people call them.
import { isHours } from "./changes";
import { count, phone } from "./phone";
import { isRecord } from "./record";
import { timeText } from "./time";

/** What a member is called where its own name would not do. */
const NAMES: Record<string, string> = {
  id: "Id",
  orgId: "Organization",
  tenantId: "Tenant",
  timezone: "Time zone",
  target: "Who answers at Vapi",
  connect: "Reaching Vapi",
  via: "by",
  sipUri: "SIP address",
  sipUsername: "SIP user",
  username: "user name",
  hasPassword: "password set",
  timeoutSeconds: "seconds to ring",
  override: "Decided by hand",
  afterHours: "after hours",
  businessHours: "business hours",
  highVolume: "busy staff",
  customSchedule: "custom rules",
  holidayCalendar: "public holidays",
  calendarUrl: "calendar",
  enabled: "switched on",
  forwardNumber: "number of the staff",
  voicemailGreeting: "greeting",
  noAnswer: "where nobody picks up",
  transcribe: "transcription",
  callerRules: "Rules for callers",
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

/** `/availability/afterHours/businessHours/schedule/friday` → `Availability › after hours › business hours › Friday` */
export function placeInWords(pointer: string): string {
  if (pointer === "") return "Everything";
  const members = membersIn(pointer);
  const spoken = members.flatMap((name, index) => {
    if (/^\d+$/.test(name)) return [`${ITEMS[members[index - 1] ?? ""] ?? "entry"} ${Number(name) + 1}`];
    // The items and the days say it.
    if ((name === "rules" || name === "schedule") && index < members.length - 1) return [];
    return [NAMES[name] ?? worded(name)];
  });
  const text = spoken.join(" › ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function membersIn(pointer: string): string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function isWeekday(name: string): boolean {
  return DAYS.some((day) => day.toLowerCase() === name);
}

/** `estimatedWaitMinutes` is “estimated wait minutes”, `friday` is “Friday”. */
function worded(name: string): string {
  if (isWeekday(name)) return name.charAt(0).toUpperCase() + name.slice(1);
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

/** Whether it says something that nothing stood at a place: that a day was closed does. */
export function nothingSays(pointer: string): boolean {
  return isWeekday(membersIn(pointer).at(-1) ?? "");
}

/** The stable words of the API, by the member they stand in. */
const VALUES: Record<string, Record<string, string>> = {
  mode: {
    always: "The AI always answers",
    disabled: "The AI never answers",
    "after-hours-only": "Outside business hours",
    "overflow-only": "When many call",
    scheduled: "By a schedule",
    combined: "By several conditions",
  },
  state: { "force-ai": "The AI answers", "force-fallback": "The AI does not answer" },
  type: { "busy-signal": "Busy signal", voicemail: "Voicemail", forward: "Staff" },
};

/** A value as it is read in a line: at which place, and in which zone instants are told. */
export function valueInWords(value: unknown, pointer = "", zone?: string): string {
  const name = membersIn(pointer).at(-1) ?? "";
  if (value === null || value === undefined) return isWeekday(name) ? "closed" : "nothing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return name === "dayOfWeek" ? (DAYS[value] ?? String(value)) : count(value);
  if (typeof value === "string") return textInWords(value, name);
  if (isHours(value)) return `${value.open}–${value.close}`;
  if (Array.isArray(value)) {
    return value.length === 0 ? "none" : value.map((one) => valueInWords(one, "", zone)).join(", ");
  }
  if (!isRecord(value)) return String(value);
  if (name === "override") return forced(value, zone);
  if (name === "target") return `${value.kind} ${value.id}`;
  const members = Object.entries(value).filter(([, one]) => one !== null);
  if (members.length === 0) return "empty";
  return members
    .map(([member, one]) => `${NAMES[member] ?? worded(member)} ${valueInWords(one, `/${member}`, zone)}`)
    .join(", ");
}

function textInWords(value: string, name: string): string {
  if (/^\+\d{7,15}$/.test(value)) return phone(value);
  return VALUES[name]?.[value] ?? (value === "" ? "an empty text" : value);
}

/** `The AI does not answer, until Mon, Nov 30, 2:00 PM (“Team meeting”)` */
function forced({ state, until, note }: Record<string, unknown>, zone: string | undefined): string {
  const end = typeof until === "string" ? `until ${timeText(until, zone)}` : "until somebody ends it";
  const why = typeof note === "string" && note !== "" ? ` (“${note}”)` : "";
  return `${valueInWords(state, "/state")}, ${end}${why}`;
}
