// People change settings while calls come in, and the next call must obey.

import { check, sleep } from 'k6';
import http from 'k6/http';
import { ADMIN, ADMIN_TOKEN, CHANGED, STAFF, testCaller, turn } from './settings.js';
import { phone } from './calls.js';

const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' };
const request = { headers, tags: { endpoint: 'admin', name: 'admin' } };

// The tenants whose settings are changed: the newest, and the only ones in Canada. More than are changed at a time.
export function changedTenants() {
  const answer = http.get(`${ADMIN}/api/numbers/owned?limit=${CHANGED}`, request);
  const numbers = answer.status === 200 ? answer.json('data') : [];
  const tenants = numbers.filter(({ e164 }) => e164.startsWith('+1')).map(({ e164, tenantId }) => ({ e164, tenantId }));
  if (tenants.length !== CHANGED || CHANGED === 0) {
    throw new Error(`the admin API knows ${tenants.length} of ${CHANGED} numbers to change (status ${answer.status})`);
  }
  return tenants;
}

// Every change, each followed by a call that it decides. Nobody else changes this tenant meanwhile.
export function change(tenants) {
  const { e164, tenantId } = tenants[turn() % tenants.length];
  const at = `${ADMIN}/api/tenants/${tenantId}`;
  const calls = (expect) => phone(e164, { from: testCaller(), expect: [expect] });

  put(`${at}/override`, { state: 'force-fallback', note: 'a load test' });
  calls('message');
  put(`${at}/override`, { state: 'force-ai', note: 'a load test' });
  calls('ai');
  const taken = http.del(`${at}/override`, null, request);
  check(taken, { 'admin: takes an override away': (given) => given.status === 204 });
  put(`${at}/availability`, { mode: 'disabled', fallback: { type: 'forward', forwardNumber: STAFF } });
  calls('staff');
  put(`${at}/availability`, { mode: 'disabled', fallback: { type: 'voicemail' } });
  calls('message');
  put(`${at}/availability`, { mode: 'always', fallback: { type: 'voicemail' } });
  calls('ai');
}

function put(url, body) {
  const answer = http.put(url, JSON.stringify(body), request);
  check(answer, { 'admin: saves': (given) => given.status === 200 });
}

// Longest the journal may take to be in the store after the last call.
const SETTLED_WITHIN_SECONDS = 30;

// After the last call none is live, and what was kept of them is in the store.
export function settled() {
  const answer = () => http.get(`${ADMIN}/metrics`, { tags: { endpoint: 'metrics', name: 'metrics' } }).body || '';
  const gauge = (text, name) => {
    const line = text.split('\n').find((one) => one.startsWith(name));
    return line === undefined ? NaN : Number(line.split(' ').pop());
  };
  let text = answer();
  const stands = () => [gauge(text, 'patchbay_live_calls{pool="tenant"}'), gauge(text, 'patchbay_spool_depth')];
  // A server that is gone will not settle.
  for (let second = 0; text && second < SETTLED_WITHIN_SECONDS && stands().some((left) => left !== 0); second += 1) {
    sleep(1);
    text = answer();
  }
  const [live, waiting] = stands();
  if (live !== 0 || waiting !== 0) console.error(`after the last call: ${live} live calls, ${waiting} records waiting`);
  check(null, {
    'afterwards: no call is live': () => live === 0,
    'afterwards: the journal is in the store': () => waiting === 0,
    'afterwards: nothing was lost': () => !(gauge(text, 'patchbay_journal_lost_total') > 0),
  });
}
