// Five times the calls from one second to the next, and back: the evening a storm takes the power.

import { arrivals, options as all, rate } from './lib/settings.js';

export { setup, teardown, voice } from './lib/scenes.js';

const calls = rate('40');
const seconds = Number(__ENV.SPIKE_SECONDS || '10');

// The users that the highest of it needs, at a rate that changes.
const { rate: _, ...users } = arrivals('voice', 5 * calls);

const stage = (target, length) => ({ target, duration: `${length}s` });

export const options = all({
  voice: {
    ...users,
    executor: 'ramping-arrival-rate',
    timeUnit: '1s',
    startRate: calls,
    stages: [
      stage(calls, seconds),
      stage(5 * calls, 1),
      stage(5 * calls, seconds),
      stage(calls, 1),
      stage(calls, seconds),
    ],
  },
});
