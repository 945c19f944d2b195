// What a tenant is, and what going back to a version of it changes.
import type { Availability, Difference, Tenant, Version } from "../../api/schema";
import { changesBetween } from "../../ui/changes";

/** What a tenant is, without what only tells which one and when. */
export function identity(tenant: Tenant): Record<string, unknown> {
  const { name, slug, timezone, country, language = null, voice = null, target, connect } = tenant;
  return { name, slug, timezone, country, language, voice, target, connect };
}

/** What a version holds that going back to it brings back. */
function restorable(tenant: Tenant, availability: Availability): Record<string, unknown> {
  const { slug: _, ...stays } = identity(tenant);
  return { ...stays, availability };
}

/** What going back to a version changes of what is now. */
export function comingBack(version: Version, tenant: Tenant, availability: Availability): Difference[] {
  const now = restorable(tenant, availability);
  const then = restorable(version.tenant, version.availability);
  // The words of an address that was made for it are those Vapi has: they stay.
  if (tenant.connect.sipUri?.startsWith(`sip:${tenant.id}@`) === true) {
    const { via, timeoutSeconds } = version.tenant.connect;
    const { timeoutSeconds: _, ...own } = tenant.connect;
    then.connect = { ...own, via, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
  }
  return changesBetween(now, then);
}
