// Calls at one rate for long: does anything grow? `run` prints the server's memory at the beginning and at the end.

import { arrivals, duration, options as all, rate } from './lib/settings.js';

export { changes, setup, sip, teardown, vapi, voice } from './lib/scenes.js';

const calls = rate('50');
const lasting = { duration: duration('30m') };

export const options = all({
  voice: arrivals('voice', calls * 0.8, lasting),
  sip: arrivals('sip', calls * 0.1, lasting),
  vapi: arrivals('vapi', calls * 0.1, lasting),
  changes: arrivals('changes', calls / 100, lasting),
});
