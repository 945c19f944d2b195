// Outgoing webhooks in words: what an endpoint can be told of, whether it is, how far a delivery is.
import type { Delivery, DeliveryState, Webhook, WebhookEvent } from "../../api/schema";
import type { Tone } from "../../ui/badge";

/** What this build tells of. */
export const EVENTS: { value: WebhookEvent; label: string }[] = [
  { value: "call.ended", label: "A call ended" },
  { value: "voicemail.created", label: "A caller left a voicemail" },
  { value: "job.finished", label: "A job came to its end" },
  { value: "number.drift", label: "A number leads elsewhere" },
  { value: "port.changed", label: "A port moved on" },
  { value: "ai.breaker", label: "The AI stopped taking calls, or takes them again" },
];

export const DELIVERY_STATES: Record<DeliveryState, { text: string; tone: Tone }> = {
  pending: { text: "To be sent", tone: "depends" },
  delivered: { text: "Delivered", tone: "good" },
  dead: { text: "Given up", tone: "bad" },
};

export function standing(webhook: Pick<Webhook, "enabled" | "disabledReason">): {
  text: string;
  tone: Tone;
  why?: string;
} {
  if (webhook.enabled) return { text: "On", tone: "good" };
  switch (webhook.disabledReason) {
    case "gone":
      return { text: "Off", tone: "bad", why: "The receiver answered 410: it wants nothing more." };
    case "failing":
      return { text: "Off", tone: "bad", why: "For five days nothing but failures came of it." };
    default:
      return { text: "Off", tone: "plain", why: "Somebody switched it off." };
  }
}

/** Whose events an endpoint gets: the id of a tenant or organization; null for everybody's. */
export function scopeOf(webhook: Pick<Webhook, "orgId" | "tenantId">): string | null {
  return webhook.tenantId ?? webhook.orgId;
}

/** What the receiver made of it, in a few words. */
export function response(delivery: Pick<Delivery, "lastStatus" | "lastError" | "attempts">): string {
  if (delivery.lastError !== null) return delivery.lastError;
  if (delivery.lastStatus !== null) return `the receiver answered ${delivery.lastStatus}`;
  return delivery.attempts === 0 ? "not sent yet" : "no answer";
}

/** What makes a delivery arrive that did not; undefined where nothing is known. */
export function whatToDo(delivery: Pick<Delivery, "lastStatus" | "lastError">): string | undefined {
  const { lastStatus: status, lastError: error } = delivery;
  if (error !== null && /no public address/.test(error)) {
    return "If a private network is meant, whoever runs patchbay names it in webhooks.allow_networks.";
  }
  if (error !== null && /secret|disabled/.test(error)) return undefined;
  if (status === null)
    return error === null ? undefined : "Look at the address, its certificate, and whether it is up.";
  if (status === 401 || status === 403) {
    return "It may check the signature with another secret: rotate the secret here, and put the new one in there.";
  }
  if (status === 404) return "Nothing is at this path there: look at the address.";
  if (status >= 500) return "The receiver broke: mend it there, then send again.";
  if (status >= 300 && status < 400) return "Put in the address it leads to.";
  return undefined;
}
