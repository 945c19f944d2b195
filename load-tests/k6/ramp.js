// More and more calls, step by step, until one side cannot keep up: where is the knee?
//
// A step is past it where calls had to be dropped, or a hundredth of the voice requests took more than KNEE_MS. That is
// no failure; a wrong answer still is. Beside it the processor decides whose knee it was: on a small machine k6 needs
// far more of it than the server.

import { arrivals, options as all, rate, thresholds } from './lib/settings.js';
import { setup, teardown, voice } from './lib/scenes.js';

export { setup, teardown, voice };

const STEPS = (__ENV.STEPS || [1, 2, 4, 8, 16].map((factor) => factor * rate('25')).join(',')).split(',').map(Number);
const SECONDS = Number(__ENV.STEP_SECONDS || '10');
const KNEE_MS = Number(__ENV.KNEE_MS || '100');

if (!STEPS.every((step) => step > 0)) throw new Error(`STEPS is a list of rates, not ${__ENV.STEPS}`);

const name = (step) => `at_${step}`;
const scenario = (step, place) =>
  arrivals('voice', step, { startTime: `${place * SECONDS}s`, duration: `${SECONDS}s`, gracefulStop: '15s' });

const made = all(Object.fromEntries(STEPS.map((step, place) => [name(step), scenario(step, place)])));

// Sub-metrics are kept for what a threshold names: these hold always.
const seen = (step) => [
  [`http_req_duration{endpoint:voice,scenario:${name(step)}}`, ['p(99)>=0']],
  [`dropped_iterations{scenario:${name(step)}}`, ['count>=0']],
];
const { dropped_iterations: _, ...correct } = thresholds;
made.thresholds = { ...Object.fromEntries(STEPS.flatMap(seen)) };
for (const [metric, limits] of Object.entries(correct)) {
  if (!metric.startsWith('http_req_duration')) made.thresholds[metric] = limits;
}
export const options = made;

export function handleSummary({ metrics }) {
  const lines = ['', ' calls/s   asked   p50 ms   p99 ms   dropped'];
  let last = 0;
  let past = null;
  for (const step of STEPS) {
    const timed = metrics[`http_req_duration{endpoint:voice,scenario:${name(step)}}`];
    const dropped = metrics[`dropped_iterations{scenario:${name(step)}}`];
    const count = dropped ? dropped.values.count : 0;
    const { med = NaN, 'p(99)': p99 = NaN, count: asked = 0 } = timed ? timed.values : {};
    const cell = (value, width, digits) => value.toFixed(digits).padStart(width);
    lines.push([cell(step, 8, 0), cell(asked, 7, 0), cell(med, 8, 2), cell(p99, 8, 2), cell(count, 9, 0)].join(' '));
    const kept = count === 0 && p99 <= KNEE_MS;
    if (kept && past === null) last = step;
    if (!kept && past === null) past = step;
  }
  lines.push('', past === null ? `no knee up to ${last} calls/s` : `the knee: after ${last}, by ${past} calls/s`);
  for (const metric of ['checks', 'calls_whole', 'http_req_failed']) {
    const found = metrics[metric];
    if (!found) continue;
    const good = Object.values(found.thresholds || {}).every(({ ok }) => ok);
    lines.push(`${metric}: ${(found.values.rate * 100).toFixed(2)} %${good ? '' : '  FAILED'}`);
  }
  return { stdout: `${lines.join('\n')}\n` };
}
