// Entries of the audit in words: what was done, who did it, where its subject is shown.

export const WHAT: Record<string, string> = {
  "tenant.create": "Tenant made",
  "tenant.change": "Tenant changed",
  "tenant.delete": "Tenant deleted",
  "availability.put": "Availability changed",
  "override.put": "Switched by hand",
  "phone-integration.put": "Connection changed",
  "number.put": "Number changed",
  "number.pool": "Number back in the pool",
  "number.rest": "Number put to rest",
  "number.drop": "Number struck off",
  "number.release": "Number given back",
  "port.open": "Port begun",
  "port.papers": "Papers of a port changed",
  "job.create": "Job begun",
  "job.retry": "Job retried",
  "job.cancel": "Job called off",
  "org.create": "Organization made",
  "org.change": "Organization changed",
  "org.delete": "Organization deleted",
  "token.create": "Token made",
  "token.revoke": "Token revoked",
  "webhook.create": "Webhook made",
  "webhook.change": "Webhook changed",
  "webhook.rotate": "Webhook's secret changed",
  "webhook.disable": "Webhook disabled by itself",
  "webhook.delete": "Webhook deleted",
  "sip-name.retire": "SIP user shut out",
  "retention.put": "Retention changed",
  "erasure.create": "Erasure asked for",
  "person.export": "Data of a person given out",
  "secrets.rotate": "Key of the secrets changed",
};

export function whatText(what: string): string {
  return WHAT[what] ?? what;
}

/** `front desk (tok_…)`, `operator (job_…)`: the name, and the id in brackets. */
export function whoParts(who: string): { name: string; id: string | null } {
  const found = /^(.*) \(([a-z]+_[0-9a-z]+)\)$/.exec(who);
  return found === null ? { name: who, id: null } : { name: found[1] ?? who, id: found[2] ?? null };
}

/** Where it can be looked at; null where no screen shows it by its id. */
export function addressOf(id: string): string | null {
  const kind = id.slice(0, id.indexOf("_"));
  switch (kind) {
    case "ten":
      return `/tenants/${id}`;
    case "org":
      return `/organizations/${id}`;
    case "job":
      return `/jobs/${id}`;
    case "wh":
      return `/webhooks/${id}`;
    case "tok":
      return `/tokens?q=${id}`;
    default:
      return null;
  }
}

/** The name a thing had, as far as the entry itself tells. */
export function nameIn(entry: { before?: unknown; after?: unknown }): string | null {
  for (const side of [entry.after, entry.before]) {
    if (typeof side !== "object" || side === null) continue;
    for (const member of ["name", "e164", "url"]) {
      const value = (side as Record<string, unknown>)[member];
      if (typeof value === "string" && value !== "") return value;
    }
  }
  return null;
}
