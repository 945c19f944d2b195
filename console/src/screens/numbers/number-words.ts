// What is known of a number, in words for people.
import type { Number as Num, NumberAmiss, NumberLife, TenantCosts } from "../../api/schema";
import type { Tone } from "../../ui/badge";

/** One of Vapi's own numbers: it costs nothing each month. */
export function isFree(number: Pick<Num, "vapiNumberId" | "accountSid" | "twilioSid">): boolean {
  return number.vapiNumberId !== null && number.accountSid === null && number.twilioSid === null;
}

/** In a word or two: for a column. */
export function stateWord(state: NumberLife["state"], purpose: Num["purpose"] = "calls"): { text: string; tone: Tone } {
  switch (state) {
    case "active":
      return purpose === "voicemail"
        ? { text: "Voicemail only", tone: "plain" }
        : { text: "Takes calls", tone: "good" };
    case "resting":
      return { text: "Resting", tone: "warn" };
    case "unassigned":
      return { text: "In the pool", tone: "plain" };
    case "released":
      return { text: "Given back", tone: "plain" };
  }
}

/** What the state means for callers and for the number. */
export function stateMeaning(number: Pick<Num, "state" | "purpose" | "porting">): string {
  if (number.porting === "coming") return "They still reach its old carrier, until the day it moves here.";
  switch (number.state) {
    case "active":
      return number.purpose === "voicemail"
        ? "Callers leave a voicemail; nothing is decided."
        : "Each call is decided by its tenant's settings.";
    case "resting":
      return number.porting === "no"
        ? "Callers hear that nobody is there. It goes back to the pool by itself when it has rested long enough: after policy.quarantine_days, 30 where nothing else is set."
        : "Callers hear that nobody is there. It came from another carrier: only a person leads it anywhere again.";
    case "unassigned":
      return "It leads to nobody, is paid for all the same, and is the first to be taken when a tenant needs one.";
  }
}

export function portingWord(porting: Num["porting"]): string | undefined {
  return porting === "coming" ? "On its way here" : porting === "arrived" ? "Came from another carrier" : undefined;
}

/** Whose account carries it, shortly. */
export function accountWord(number: Pick<Num, "vapiNumberId" | "accountSid" | "twilioSid">): string {
  if (isFree(number)) return "Vapi";
  if (number.accountSid === null) return "Not told";
  return `Twilio …${number.accountSid.slice(-4)}`;
}

export interface Price {
  text: string;
  /** Twilio's word, or an estimate. */
  sure: boolean;
  why: string;
}

/** What it costs each month: of the prices its tenant pays the one that can be its own. */
export function priceOf(number: Num, costs: TenantCosts | undefined): Price | undefined {
  if (isFree(number)) return { text: "Free", sure: true, why: "Vapi's own numbers cost nothing each month" };
  const groups = costs?.numbers ?? [];
  const texts = [...new Set(groups.map((group) => group.each.price.text))];
  const first = groups[0]?.each;
  if (first === undefined || texts.length === 0) return undefined;
  const sure = groups.every((group) => group.each.authority === "twilio");
  return { text: texts.join(" or "), sure, why: first.whyEstimate ?? first.source };
}

const AMISS: Record<NumberAmiss, { text: string; next: string }> = {
  takenByVapi: {
    text: "Vapi has taken it",
    next: "Its calls go past your settings. A job leads it back here by itself; where none does, make it lead here.",
  },
  leadsElsewhere: {
    text: "Leads elsewhere",
    next: "Somebody wrote another address at its provider, so it is left alone. If it is to lead here, make it lead here.",
  },
  missing: {
    text: "Its provider does not have it",
    next: "It may be released, moved, or recorded under the wrong account. Look there, or correct its account.",
  },
};

export function amissWord(what: NumberAmiss): { text: string; next: string } {
  return AMISS[what];
}

/** Spaces, dashes and brackets are how people write a number; what is dialled has none. */
export function dialled(typed: string): string {
  const bare = typed.replaceAll(/[\s().\-\u2011]/g, "");
  if (bare.startsWith("+")) return bare;
  if (/^1?\d{10}$/.test(bare)) return `+${bare.length === 10 ? "1" : ""}${bare}`;
  return bare;
}

export function isNumber(text: string): boolean {
  return /^\+\d{7,15}$/.test(text);
}

/** What the API says in a few words, as a sentence. */
export function sentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
