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

export function reasonText(reason: string): string {
  return REASONS[reason] ?? reason;
}

const STEPS: Record<string, string> = {
  ai: "AI",
  forward: "Staff",
  voicemail: "Voicemail",
  busy: "Busy",
  hangup: "Hang up",
  unknown: "Unknown number",
};

/** Where a call was led, in a word or two. */
export function stepText(step: string): string {
  return STEPS[step] ?? (step.startsWith("refer") ? "Transfer by the AI" : step);
}
