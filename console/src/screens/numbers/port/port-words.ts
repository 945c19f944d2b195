// How far a number's move is, in words for people.
import type { PortStatus } from "../../../api/schema";
import type { Tone } from "../../../ui/badge";

const STATUSES: Record<PortStatus, { text: string; tone: Tone }> = {
  pending_configuration: { text: "Not asked for yet", tone: "plain" },
  submitted: { text: "Handed in", tone: "plain" },
  in_review: { text: "Twilio looks at it", tone: "plain" },
  waiting_for_signature: { text: "Waits for a signature", tone: "warn" },
  in_progress: { text: "With the old carrier", tone: "plain" },
  action_required: { text: "Sent back: something does not fit", tone: "bad" },
  completed: { text: "It has come", tone: "good" },
  expired: { text: "Not signed in time", tone: "bad" },
  canceled: { text: "Called off", tone: "plain" },
};

export function portStatus(status: PortStatus): { text: string; tone: Tone } {
  return STATUSES[status] ?? { text: status, tone: "plain" };
}

/** Whether Twilio and the old carrier are at it. */
export function isUnderWay(status: PortStatus): boolean {
  return (
    status === "submitted" || status === "in_review" || status === "waiting_for_signature" || status === "in_progress"
  );
}

/** Whether it can be handed in, the first time or anew. */
export function canHandIn(status: PortStatus): boolean {
  return status !== "completed" && !isUnderWay(status);
}

/** Twilio wants a day at least a week ahead: `2026-12-07`. */
export function earliest(now: number): string {
  return new Date(now + 7 * 86_400_000).toISOString().slice(0, 10);
}
