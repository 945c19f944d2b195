// Everything at once: calls by telephone and SIP with all their callbacks, Vapi's questions and reports, and people who
// change settings.

import { arrivals, duration, options as all, rate } from './lib/settings.js';

export { changes, setup, sip, teardown, vapi, voice } from './lib/scenes.js';

const calls = rate('50');
const lasting = { duration: duration('1m') };

export const options = all({
  voice: arrivals('voice', calls * 0.6, lasting),
  sip: arrivals('sip', calls * 0.2, lasting),
  vapi: arrivals('vapi', calls * 0.2, lasting),
  changes: arrivals('changes', calls / 50, lasting),
});
