// Ten seconds of everything: does each endpoint do what it should, and does a change hold from the next call on?

import { arrivals, duration, options as all, rate } from './lib/settings.js';

export { changes, setup, sip, teardown, vapi, voice } from './lib/scenes.js';

const calls = rate('10');
const lasting = { duration: duration('8s') };

export const options = all({
  voice: arrivals('voice', calls, lasting),
  sip: arrivals('sip', calls / 2, lasting),
  vapi: arrivals('vapi', calls / 2, lasting),
  changes: { executor: 'per-vu-iterations', exec: 'changes', vus: 2, iterations: 1, maxDuration: '1m' },
});
