// Why a call went where it went, in words for people. The stable words of the API stay in sight beside them.
const REASONS: Record<string, string> = {
  "always-on": "The AI always answers",
  disabled: "The AI is switched off",
  "after-hours": "Outside business hours",
  "business-hours": "Within business hours",
  overflow: "As many callers as the threshold",
  "under-capacity": "Fewer callers than the threshold",
  "scheduled-on": "A rule of the schedule switches it on",
  "scheduled-off": "A rule of the schedule switches it off",
  "none-matched": "No condition holds",
  "hours-missing": "Business hours are not set",
  "override-on": "Switched on by hand",
  "override-off": "Switched off by hand",
  "ai-unavailable": "Vapi does not take calls",
  "ai-full": "All lines at Vapi are taken",
  "blocked-caller": "This caller is blocked",
  "direct-caller": "This caller goes to staff",
  loop: "The call came back to itself",
  "not-configured": "No assistant is set",
  "unknown-number": "The number leads to nobody",
  "voicemail-number": "A line for voicemail only",
};

/** Every reason there is, in the order of the contract. */
export const reasons = Object.keys(REASONS);

export function reasonText(reason: string): string {
  return REASONS[reason] ?? reason;
}

const STEPS: Record<string, string> = {
  ai: "AI",
  forward: "Staff",
  refer: "Transfer by the AI",
  voicemail: "Voicemail",
  busy: "Busy",
  reject: "Busy",
  "hang-up": "Hang up",
  hangup: "Hang up",
  "unknown-number": "Not in service",
};

/** `refer-16475550170.a` is the step `refer`: whom, and what was tried before, stand behind it. */
export function stepName(step: string): string {
  const first = step.split(".")[0] ?? step;
  return first.startsWith("refer-") ? "refer" : first;
}

/** Where a call was led, in a word or two. */
export function stepText(step: string): string {
  return STEPS[stepName(step)] ?? step;
}

const RULES: Record<string, string> = {
  override: "Switched by hand",
  afterHours: "Business hours",
  highVolume: "Busy staff",
  customSchedule: "Schedule",
  mode: "Mode",
  plan: "Before or after the rules",
};

/** A rule of the trace, as the settings call it. */
export function ruleText(rule: string): string {
  return RULES[rule] ?? rule;
}
