// Tokens in words: for whom one speaks, whether it is good, until when a new one is to be.
import type { Session, Token } from "../../api/schema";
import type { Tone } from "../../ui/badge";
import { ownDayBegins } from "../../ui/time";

export type Standing = "good" | "expired" | "revoked";

export const STANDINGS: Record<Standing, { text: string; tone: Tone }> = {
  good: { text: "Good", tone: "good" },
  expired: { text: "Expired", tone: "plain" },
  revoked: { text: "Revoked", tone: "plain" },
};

export function standing(token: Pick<Token, "expiresAt" | "revokedAt">, now: number): Standing {
  if (token.revokedAt !== null) return "revoked";
  return token.expiresAt !== null && Date.parse(token.expiresAt) <= now ? "expired" : "good";
}

/** The tenant or organization a token is for; null for an operator's. */
export function subjectOf(role: string): string | null {
  const at = role.indexOf(":");
  return at < 0 ? null : role.slice(at + 1);
}

/** Is it the one somebody is signed in with? The session names it as the audit log does, id and all. */
export function isOwn(token: Pick<Token, "id">, session: Pick<Session, "by">): boolean {
  return session.by.includes(token.id);
}

export type Lasts = "1" | "30" | "90" | "365" | "never" | "until";

export const LASTS: { value: Lasts; label: string }[] = [
  { value: "1", label: "1 day" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
  { value: "never", label: "For ever" },
  { value: "until", label: "Until a day…" },
];

const DAY_MS = 86_400_000;

/** From when on it is no good. `day` is the last day on which it is, in the zone of the browser. */
export function endOf(lasts: Lasts, day: string, now: number): string | null {
  if (lasts === "never") return null;
  if (lasts !== "until") return new Date(now + Number(lasts) * DAY_MS).toISOString();
  return ownDayBegins(day, 1) ?? null;
}
