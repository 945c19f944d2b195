// Requests as Twilio makes them: the parameters of a call, signed, without the fragment of the URL.

import crypto from 'k6/crypto';
import http from 'k6/http';
import { ACCOUNT, AUTH_TOKEN, EDGE, PUBLIC } from './settings.js';

const HEX = '0123456789abcdef';

export function hex(digits) {
  let text = '';
  for (let place = 0; place < digits; place += 1) text += HEX[Math.floor(Math.random() * 16)];
  return text;
}

export const uuid = () => [8, 4, 4, 4, 12].map(hex).join('-');

// The parameters that every request about a call has; from the telephone network they are 25.
export function parameters(call, more) {
  const all = {
    AccountSid: ACCOUNT,
    ApiVersion: '2010-04-01',
    CallSid: call.sid,
    CallStatus: call.status,
    CallToken: `{"parentCallInfoToken":"${call.token}","identityHeaderTokens":[]}`,
    Called: call.to,
    Caller: call.from,
    Direction: 'inbound',
    From: call.from,
    To: call.to,
  };
  if (call.sipDomain) {
    all.SipDomain = call.sipDomain;
    all.SipCallId = `${call.token}@192.0.2.10`;
    all.SipSourceIp = '192.0.2.10';
  } else {
    for (const party of ['Called', 'Caller', 'From', 'To']) {
      const known = party === 'Caller' || party === 'From';
      all[`${party}City`] = known ? 'TORONTO' : '';
      all[`${party}State`] = known ? 'ON' : '';
      all[`${party}Country`] = known ? 'CA' : '';
    }
    all.CallerName = 'A CALLER';
    all.ForwardedFrom = '';
    all.StirVerstat = 'TN-Validation-Passed-A';
  }
  return Object.assign(all, more);
}

// Asks the edge. `url` is a path of the edge, or a URL the edge gave: then it must be below the public one.
export function ask(endpoint, url, form) {
  const whole = url.startsWith('/') ? PUBLIC + url : url.split('#')[0];
  if (!whole.startsWith(`${PUBLIC}/`)) throw new Error(`the edge wants to be called back elsewhere: ${url}`);
  const names = Object.keys(form).sort();
  const text = names.reduce((all, name) => all + name + form[name], whole);
  return http.post(EDGE + whole.slice(PUBLIC.length), form, {
    headers: {
      'X-Twilio-Signature': crypto.hmac('sha1', AUTH_TOKEN, text, 'base64'),
      'I-Twilio-Idempotency-Token': uuid(),
    },
    tags: { endpoint, name: endpoint },
    timeout: '15s',
  });
}
