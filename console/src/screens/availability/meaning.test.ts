// The sentence, for every mode and each of its turns.
import { describe, expect, test } from "vitest";
import type { Availability } from "../../api/schema";
import { meaning } from "./meaning";

const day = { open: "09:00", close: "17:00" };
const week = { monday: day, tuesday: day, wednesday: day, thursday: day, friday: day };
const lunch = { dayOfWeek: 1, startTime: "12:00", endTime: "13:00" };

const rows: [string, object, string][] = [
  ["always", { mode: "always" }, "The AI answers every call. If it cannot, callers can leave a message."],
  [
    "never",
    { mode: "disabled", fallback: { type: "busy-signal" } },
    "The AI answers no call. Callers hear that nobody can come to the phone.",
  ],
  [
    "closed hours",
    { mode: "after-hours-only", afterHours: { businessHours: { schedule: week } } },
    "The AI answers outside Mon–Fri 9:00–17:00. Other callers can leave a message.",
  ],
  [
    "holidays",
    { mode: "after-hours-only", afterHours: { businessHours: { schedule: week, holidays: ["--12-25"] } } },
    "The AI answers outside Mon–Fri 9:00–17:00 and on holidays. Other callers can leave a message.",
  ],
  [
    "no hours",
    { mode: "after-hours-only" },
    "Business hours are not set yet: without them it is not known when the business is closed. Other callers can leave a message.",
  ],
  [
    "closed all week",
    { mode: "after-hours-only", afterHours: { businessHours: { schedule: {} } } },
    "The AI answers at any time, as the week has no opening hours. Other callers can leave a message.",
  ],
  [
    "overflow",
    { mode: "overflow-only", fallback: { type: "forward", forwardNumber: "+16475550198" } },
    "The AI answers when 5 or more callers are waiting. Other callers are put through to +1 647 555 0198, then to voicemail.",
  ],
  [
    "overflow of nobody",
    { mode: "overflow-only", highVolume: { threshold: 0 } },
    "The AI answers every call. If it cannot, callers can leave a message.",
  ],
  [
    "rules that switch on",
    { mode: "scheduled", customSchedule: { rules: [{ ...lunch, action: "enable" }] } },
    "The AI answers Mon 12:00–13:00. Other callers can leave a message.",
  ],
  [
    "rules that switch off",
    { mode: "scheduled", customSchedule: { rules: [{ ...lunch, action: "disable" }] } },
    "The AI answers always, except Mon 12:00–13:00. Other callers can leave a message.",
  ],
  [
    "everything together",
    {
      mode: "combined",
      afterHours: { enabled: true, businessHours: { schedule: week } },
      highVolume: { enabled: true, threshold: 3 },
      customSchedule: { enabled: true, rules: [{ ...lunch, dayOfWeek: 6, action: "disable" }] },
      fallback: { type: "forward", forwardNumber: ["+16475550198", "+16475550199"], ring: "in-turn", noAnswer: "ai" },
    },
    "The AI answers outside Mon–Fri 9:00–17:00, and when 3 or more callers are waiting, but never Sat 12:00–13:00. Other callers are put through to 2 numbers one after the other, then to the AI.",
  ],
  [
    "a week of many parts",
    {
      mode: "combined",
      afterHours: {
        enabled: true,
        businessHours: {
          schedule: { monday: [day, { open: "19:00", close: "21:00" }], friday: { open: "22:00", close: "06:00" } },
          holidays: ["--12-25"],
        },
      },
      customSchedule: { enabled: true, rules: [{ ...lunch, action: "disable" }] },
      highVolume: { enabled: true, threshold: 1 },
    },
    "The AI answers outside Mon 9:00–17:00, 19:00–21:00; Fri 22:00–6:00, and on holidays. It also answers when another caller is waiting. It never answers Mon 12:00–13:00. Other callers can leave a message.",
  ],
  [
    "nothing together",
    { mode: "combined" },
    "The AI answers no call, as nothing is switched on that would let it. Other callers can leave a message.",
  ],
];

describe("the sentence", () => {
  test.each(rows)("%s", (_, settings, sentence) => {
    expect(meaning(settings as Availability)).toBe(sentence);
  });
});
