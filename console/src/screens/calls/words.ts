// The providers' words for what became of a call, in those of people.

const STATUSES: Record<string, string> = {
  completed: "Completed",
  answered: "Answered",
  busy: "Busy",
  failed: "Failed",
  "no-answer": "Nobody answered",
  canceled: "Caller gave up",
};

export function statusText(status: string | null): string {
  return status === null ? "Not known" : (STATUSES[status] ?? status);
}

const LEGS: Record<string, string> = { ai: "The AI", forward: "Staff", refer: "Whom the AI transferred to" };

const OUTCOMES: Record<string, string> = {
  completed: "talked with the caller",
  answered: "talked with the caller",
  busy: "was busy",
  failed: "could not be reached",
  "no-answer": "did not answer",
  canceled: "was not reached before the caller gave up",
};

const OTHERS: Record<string, (outcome: string | null) => string> = {
  screened: (outcome) => (outcome === "accepted" ? "Whoever picked up took the call" : "Whoever picked up declined"),
  refer: (outcome) =>
    outcome === "accepted" ? "The AI transferred the call" : "The AI asked for a transfer, which was refused",
  fallback: (outcome) => `Twilio had trouble with an answer${outcome === null ? "" : `: error ${outcome}`}`,
  "ai-status": (outcome) => `Vapi told of the call: ${outcome ?? "no word"}`,
  "ai-late": () => "Vapi took longer to answer than a caller waits",
  status: (outcome) => `Twilio told of the call: ${statusText(outcome)}`,
  "voicemail-step": () => "A message was taken",
};

/** Something that happened in a call, as a sentence. */
export function eventText(what: string, outcome: string | null): string {
  const leg = LEGS[what.replace(/-leg$/, "")];
  if (what.endsWith("-leg") && leg !== undefined) {
    return outcome === null ? `${leg}: the line was put down` : `${leg} ${OUTCOMES[outcome] ?? `said ${outcome}`}`;
  }
  const other = OTHERS[what];
  if (other !== undefined) return other(outcome);
  return outcome === null ? what : `${what}: ${outcome}`;
}

/** The callback that brought the news, by its path; none where Vapi told it. */
export function callbackOf(what: string): string | undefined {
  if (what.endsWith("-leg") || what === "screened") return "/api/twilio/next";
  if (what === "refer") return "/api/twilio/refer";
  if (what === "fallback") return "/api/twilio/fallback";
  if (what === "status") return "/api/twilio/status";
  if (what.startsWith("ai-")) return "/api/vapi/webhook";
  return undefined;
}

const ENTRANCES: Record<string, string> = {
  number: "/api/twilio/voice",
  sip: "/api/twilio/sip",
  vapi: "/api/vapi/webhook",
};

/** The webhook a call came in by. */
export function entranceOf(arrival: string): string {
  return ENTRANCES[arrival] ?? arrival;
}

/** `4.4 ms` */
export function tookText(us: number): string {
  if (us < 1000) return `${us} µs`;
  return us < 1_000_000 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(2)} s`;
}

/** How long after the beginning: `+0.4 s`, `+2 min 3 s`. */
export function afterText(from: string, at: string): string {
  const seconds = Math.max(0, (Date.parse(at) - Date.parse(from)) / 1000);
  if (seconds < 0.05) return "+0 s";
  if (seconds < 10) return `+${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `+${whole} s` : `+${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `12:39:07 AM`: the day stands above. */
export function clockText(at: string, zone: string): string {
  const clock = { hour: "numeric", minute: "2-digit", second: "2-digit", timeZone: zone } as const;
  return new Intl.DateTimeFormat(undefined, clock).format(new Date(at));
}
