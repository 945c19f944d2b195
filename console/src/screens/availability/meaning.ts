// What settings mean, in a sentence for people.
import type { Availability } from "../../api/schema";
import { counted, phone } from "../../ui/phone";
import { readRules } from "./rules";
import { readSpecials } from "./specials";
import { readWeek } from "./week";
import { rulesWords, weekWords } from "./words";

export const THRESHOLD_DEFAULT = 5;

/** “The AI answers outside Mon–Fri 9:00–17:00, and when 3 or more callers are waiting. …” */
export function meaning(settings: Availability): string {
  return `${whenAi(settings)} ${otherwise(settings)}`.trim();
}

const EVERY_CALL = "The AI answers every call.";

function whenAi(settings: Availability): string {
  switch (settings.mode) {
    case "always":
      return EVERY_CALL;
    case "disabled":
      return "The AI answers no call.";
    case "after-hours-only":
      return hoursMissing(settings) ? NO_HOURS : answers([outside(settings)], "");
    case "overflow-only":
      return threshold(settings) === 0 ? EVERY_CALL : answers([crowded(settings)], "");
    case "scheduled":
      return scheduled(settings);
    case "combined":
      return combined(settings);
    default:
      return "";
  }
}

const NO_HOURS = "Business hours are not set yet: without them it is not known when the business is closed.";

function answers(when: string[], never: string): string {
  // What has commas of its own gets a sentence of its own.
  if (when.length > 1 && when.some((words) => /[,;]/.test(words))) {
    const more = when.slice(1).map((words) => ` It also answers ${words}.`);
    const not = never === "" ? "" : ` It never answers ${never}.`;
    return `The AI answers ${when[0]}.${more.join("")}${not}`;
  }
  return `The AI answers ${when.join(", and ")}${never === "" ? "" : `, but never ${never}`}.`;
}

function hoursMissing(settings: Availability): boolean {
  return (settings.afterHours?.businessHours?.schedule ?? undefined) === undefined;
}

function outside(settings: Availability): string {
  const hours = settings.afterHours?.businessHours;
  const week = weekWords(readWeek(hours?.schedule));
  const specials = readSpecials(hours as Record<string, unknown> | null | undefined);
  const other = specials.some((one) => one.hours.length > 0) ? " (other hours on some days)" : "";
  if (week === "") return `at any time, as the week has no opening hours${other}`;
  const and = /[,;]/.test(week) ? ", and" : " and";
  const closed = specials.some((one) => one.hours.length === 0) ? `${and} on holidays` : "";
  return `outside ${week}${closed}${other}`;
}

function threshold(settings: Availability): number {
  return settings.highVolume?.threshold ?? THRESHOLD_DEFAULT;
}

function crowded(settings: Availability): string {
  const from = threshold(settings);
  if (from === 0) return "at any time, as no other caller need be waiting";
  return from === 1 ? "when another caller is waiting" : `when ${from} or more callers are waiting`;
}

function ruleWords(settings: Availability): { on: string; off: string } {
  const groups = readRules(settings.customSchedule?.rules);
  return {
    on: rulesWords(groups.filter((group) => group.action === "enable")),
    off: rulesWords(groups.filter((group) => group.action === "disable")),
  };
}

function scheduled(settings: Availability): string {
  const { on, off } = ruleWords(settings);
  if (on !== "") return answers([on], off);
  return off === "" ? "The AI answers every call, as there are no rules yet." : `The AI answers always, except ${off}.`;
}

function combined(settings: Availability): string {
  const when: string[] = [];
  let never = "";
  if (settings.afterHours?.enabled === true) {
    if (hoursMissing(settings)) return NO_HOURS;
    when.push(outside(settings));
  }
  if (settings.customSchedule?.enabled === true) {
    const { on, off } = ruleWords(settings);
    if (on !== "") when.push(on);
    never = off;
  }
  if (settings.highVolume?.enabled === true) when.push(crowded(settings));
  if (when.length === 0) return "The AI answers no call, as nothing is switched on that would let it.";
  return answers(when, never);
}

/** What happens to everybody else. */
function otherwise(settings: Availability): string {
  const always = settings.mode === "always" || whenAi(settings) === EVERY_CALL;
  const lead = settings.mode === "disabled" ? "Callers" : always ? "If it cannot, callers" : "Other callers";
  return `${lead} ${fallbackWords(settings)}.`;
}

function fallbackWords({ fallback }: Availability): string {
  switch (fallback?.type) {
    case "forward": {
      const numbers = forwardNumbers(fallback.forwardNumber);
      if (numbers.length === 0) return "are put through to a number that is still to be given";
      const whom =
        numbers.length === 1
          ? phone(numbers[0] ?? "")
          : `${counted(numbers.length, "number")} ${fallback.ring === "in-turn" ? "one after the other" : "at once"}`;
      return `are put through to ${whom}, then ${NO_ANSWER[fallback.noAnswer ?? "voicemail"]}`;
    }
    case "busy-signal":
      return "hear that nobody can come to the phone";
    default:
      return "can leave a message";
  }
}

const NO_ANSWER = { voicemail: "to voicemail", "busy-signal": "told that nobody can come", ai: "to the AI" };

export function forwardNumbers(given: string | string[] | null | undefined): string[] {
  if (Array.isArray(given)) return given;
  return given === null || given === undefined || given === "" ? [] : [given];
}
