// What scenarios are made of: functions that k6 runs once for each call or change.

import { anyCaller, anyNumber } from './settings.js';
import { asked } from './vapi.js';
import { change, changedTenants, settled } from './admin.js';
import { phone } from './calls.js';

const SIP_DOMAIN = 'patchbay-example.sip.twilio.com';

// Before the first call.
export const setup = () => changedTenants();

// After the last one.
export const teardown = () => settled();

// Somebody dials a tenant's number.
export const voice = () => phone(anyNumber());

// A tenant's PBX sends a call to the SIP domain: by the number, or by the name that holds the tenant's id.
export function sip(tenants) {
  const { tenantId } = tenants[Math.floor(Math.random() * tenants.length)];
  const byName = Math.random() < 0.5;
  const user = byName ? `clinic-${tenantId}` : anyNumber();
  const from = `sip:${anyCaller()}@pbx.example.com`;
  // Tenants that go by their names are those whose settings change: they may send callers anywhere.
  const expect = byName ? ['ai', 'staff', 'message'] : ['ai', 'message'];
  phone(`sip:${user}@${SIP_DOMAIN}`, { from, sipDomain: SIP_DOMAIN, expect });
}

// Vapi asks about a call on one of its own numbers.
export const vapi = () => asked(anyNumber());

// Somebody changes settings, and calls.
export const changes = (tenants) => change(tenants);
