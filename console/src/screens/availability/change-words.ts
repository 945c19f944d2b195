// A change in words: what it is about, what it was, what it is.
import { count, phone } from "../../ui/phone";
import { MODES } from "./modes";
import { readRules } from "./rules";
import { type Change, pointer } from "./settings";
import { readSpecials } from "./specials";
import { DAY_NAMES, readStretches, WEEKDAYS } from "./week";
import { listed, rulesWords, stretchWords } from "./words";

interface ChangeWords {
  what: string;
  before: string;
  after: string;
}

const LABELS: Record<string, string> = {
  "/mode": "When the AI answers",
  "/afterHours/enabled": "Closed hours count",
  "/afterHours/businessHours/timezone": "Time zone of the hours",
  "/afterHours/businessHours/schedule": "Business hours",
  "/afterHours/businessHours/holidays": "Holidays",
  "/afterHours/businessHours/exceptions": "Exceptions",
  "/highVolume/enabled": "Busy staff count",
  "/highVolume/threshold": "Waiting callers",
  "/customSchedule/enabled": "Custom rules count",
  "/customSchedule/rules": "Custom rules",
  "/fallback": "When the AI does not answer",
  "/fallback/type": "Callers the AI does not take",
  "/fallback/forwardNumber": "Numbers to ring",
  "/fallback/voicemailGreeting": "Greeting",
  "/fallback/ring": "They ring",
  "/fallback/acceptKey": "Press 1 to take the call",
  "/fallback/noAnswer": "If nobody picks up",
  "/fallback/transcribe": "Messages written down",
  "/fallback/reject": "Busy tone",
};

const VALUES: Record<string, string> = {
  voicemail: "leave a message",
  forward: "put through",
  "busy-signal": "turned away",
  together: "all at once",
  "in-turn": "one after the other",
  ai: "the AI",
  ...Object.fromEntries(MODES.map(({ value, label }) => [value, label])),
};

const SCHEDULE = "/afterHours/businessHours/schedule";

export function changeWords({ path, before, after }: Change): ChangeWords {
  const place = pointer(path);
  const day = WEEKDAYS.findIndex((name) => place === `${SCHEDULE}/${name}`);
  if (day >= 0) return { what: DAY_NAMES[day] ?? "", before: dayText(before), after: dayText(after) };
  const text = textOf(place);
  return { what: LABELS[place] ?? place, before: text(before), after: text(after) };
}

function dayText(hours: unknown): string {
  return listed(readStretches(hours).map(stretchWords)) || "closed";
}

function textOf(place: string): (value: unknown) => string {
  switch (place) {
    case "/customSchedule/rules":
      return (value) =>
        listed(
          (["enable", "disable"] as const).flatMap((action) => {
            const words = rulesWords(readRules(value).filter((group) => group.action === action));
            return words === "" ? [] : [`${action === "enable" ? "on" : "off"} ${words}`];
          }),
        ) || "none";
    case "/afterHours/businessHours/holidays":
      return (value) => (Array.isArray(value) && value.length > 0 ? value.join(", ") : "none");
    case "/afterHours/businessHours/exceptions":
      return (value) =>
        listed(
          readSpecials({ exceptions: value }).map(({ first, last, hours, name }) =>
            [
              first === last ? first : `${first} to ${last}`,
              name,
              hours.length === 0 ? "closed" : listed(hours.map(stretchWords)),
            ]
              .filter((word) => word !== "")
              .join(" "),
          ),
        ) || "none";
    case "/fallback/forwardNumber":
      return (value) => listed([value].flat().flatMap((one) => (one ? [phone(String(one))] : []))) || "none";
    default:
      return plain;
  }
}

function plain(value: unknown): string {
  if (value === undefined || value === null || value === "") return "not set";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return VALUES[value] ?? value;
  return typeof value === "number" ? count(value) : JSON.stringify(value);
}
