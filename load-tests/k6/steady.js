// Calls at one rate: what a good day looks like.

import { arrivals, duration, options as all, rate } from './lib/settings.js';

export { setup, teardown, voice } from './lib/scenes.js';

export const options = all({ voice: arrivals('voice', rate('100'), { duration: duration('1m') }) });
