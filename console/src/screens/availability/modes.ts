// The six modes, and which parts of the settings each of them asks.
import type { Availability } from "../../api/schema";

export type Mode = Availability["mode"];
export type PartName = "hours" | "days" | "rules" | "busy" | "fallback";

export const MODES: { value: Mode; label: string; hint: string }[] = [
  { value: "always", label: "Always", hint: "Every call, day and night" },
  { value: "after-hours-only", label: "Outside business hours", hint: "While the business is closed" },
  { value: "overflow-only", label: "When staff are busy", hint: "From so many waiting callers on" },
  { value: "scheduled", label: "By custom rules", hint: "At times of your own" },
  { value: "combined", label: "Combined", hint: "Hours, rules and load together" },
  { value: "disabled", label: "Never", hint: "Calls go to staff or voicemail" },
];

export const PARTS: { name: PartName; label: string }[] = [
  { name: "hours", label: "Business hours" },
  { name: "days", label: "Holidays and exceptions" },
  { name: "rules", label: "Custom rules" },
  { name: "busy", label: "Busy staff" },
  { name: "fallback", label: "Fallback" },
];

/** The part most likely wanted under a mode. */
export function firstPart(mode: Mode): PartName {
  switch (mode) {
    case "overflow-only":
      return "busy";
    case "scheduled":
      return "rules";
    case "always":
    case "disabled":
      return "fallback";
    default:
      return "hours";
  }
}

/** Where the switch of a part stands, which counts in mode combined. */
export const SWITCHES = {
  hours: "afterHours",
  days: "afterHours",
  rules: "customSchedule",
  busy: "highVolume",
} as const;

/** Whether a part has a say now. */
export function counts(part: PartName, settings: Availability): boolean {
  switch (part) {
    case "fallback":
      return true;
    case "hours":
    case "days":
      return (
        settings.mode === "after-hours-only" || (settings.mode === "combined" && settings.afterHours?.enabled === true)
      );
    case "rules":
      return (
        settings.mode === "scheduled" || (settings.mode === "combined" && settings.customSchedule?.enabled === true)
      );
    case "busy":
      return (
        settings.mode === "overflow-only" || (settings.mode === "combined" && settings.highVolume?.enabled === true)
      );
  }
}

/** Which part a fault belongs to; none is the mode's. */
export function partOf(pointer: string): PartName | undefined {
  if (/^\/afterHours\/businessHours\/(holidays|exceptions)/.test(pointer)) return "days";
  if (pointer.startsWith("/afterHours")) return "hours";
  if (pointer.startsWith("/customSchedule")) return "rules";
  if (pointer.startsWith("/highVolume")) return "busy";
  return pointer.startsWith("/fallback") ? "fallback" : undefined;
}
