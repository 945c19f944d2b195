// A call on a number that Vapi itself answers: it asks who takes it, and tells how it went.

import { check, sleep } from 'k6';
import { Rate } from 'k6/metrics';
import http from 'k6/http';
import { EDGE, TALK_SECONDS, VAPI_SECRET, anyCaller } from './settings.js';
import { uuid } from './signed.js';

const whole = new Rate('calls_whole');

function tell(message) {
  return http.post(`${EDGE}/api/vapi/webhook`, JSON.stringify({ message }), {
    headers: { 'Content-Type': 'application/json', 'X-Vapi-Secret': VAPI_SECRET },
    tags: { endpoint: 'vapi', name: 'vapi' },
    timeout: '7500ms',
  });
}

export function asked(number) {
  const call = { id: uuid(), type: 'inboundPhoneCall', phoneCallProvider: 'vapi', phoneCallTransport: 'pstn' };
  const about = { call, phoneNumber: { number, provider: 'vapi' }, customer: { number: anyCaller() } };
  const answer = tell({ type: 'assistant-request', timestamp: Date.now(), ...about });
  const said = answer.status === 200 ? answer.json() : {};
  // The AI, or while the business is open the sentence for those who have no voicemail here.
  let good = check(answer, {
    'vapi: says who answers': () => Boolean(said.assistantId || said.squadId || said.destination || said.error),
    'vapi: knows the tenant': () => !said.assistantId || Boolean(said.assistantOverrides.variableValues.tenant),
  });
  if (said.assistantId) {
    good = told(tell({ type: 'status-update', status: 'in-progress', ...about })) && good;
    sleep(TALK_SECONDS * (0.5 + Math.random()));
  }
  const endedReason = 'customer-ended-call';
  good = told(tell({ type: 'status-update', status: 'ended', endedReason, ...about })) && good;
  const summary = 'The caller asked when the shop opens.';
  const report = { endedReason, durationSeconds: 7.5, cost: 0.0125, analysis: { summary } };
  good = told(tell({ type: 'end-of-call-report', ...report, ...about })) && good;
  whole.add(good);
}

function told(answer) {
  return check(answer, { 'vapi: acknowledges': (given) => given.status === 200 && given.body === '{}' });
}
