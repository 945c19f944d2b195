// What a run is told by its environment, and what every scenario shares: rates, thresholds, names of numbers.

import exec from 'k6/execution';
import { SharedArray } from 'k6/data';

function given(name, otherwise) {
  const value = __ENV[name] || otherwise;
  if (value === undefined) throw new Error(`${name} is not set: start scenarios with load-tests/k6/run`);
  return value;
}

function count(name, otherwise) {
  const value = Number(given(name, otherwise));
  if (!(value > 0)) throw new Error(`${name} must be a number above 0, not ${__ENV[name]}`);
  return value;
}

// Where requests go, and what whoever sends them believes to call: that is what is signed.
export const EDGE = given('EDGE_URL');
export const PUBLIC = given('BENCH_PUBLIC_URL', EDGE);
export const ADMIN = given('ADMIN_URL');
export const ADMIN_TOKEN = given('BENCH_ADMIN_TOKEN');
export const ACCOUNT = given('BENCH_ACCOUNT_SID');
export const AUTH_TOKEN = given('BENCH_AUTH_TOKEN');
export const VAPI_SECRET = given('BENCH_VAPI_SECRET');

// Calls a second, how long a scenario takes, and how long people talk on average.
export const rate = (otherwise) => count('RATE', otherwise);
export const duration = (otherwise) => given('DURATION', otherwise);
export const TALK_SECONDS = count('TALK_SECONDS', '1');

// The tenants' numbers: those in bulk begin with +999, which no country has. The others are in Canada, so that their
// calls may be forwarded to staff there; their settings are changed while calls come in.
// Read once for all virtual users, of which there are thousands.
const lines = () => open(given('NUMBERS_FILE')).split('\n').filter((line) => line);
const isBulk = (number) => number.startsWith('+999');
const bulk = new SharedArray('numbers in bulk', () => lines().filter(isBulk));
export const CHANGED = new SharedArray('numbers with changes', () => lines().filter((line) => !isBulk(line))).length;
export const anyNumber = () => bulk[Math.floor(Math.random() * bulk.length)];

// Callers. Those who test a change are nobody else, lest the guard against loops take them for a forward that came back.
export const STAFF = '+16475550199';
const fiction = (area) => `+1${area}55501${String(Math.floor(Math.random() * 99)).padStart(2, '0')}`;
export const anyCaller = () => fiction(647);
export const testCaller = () => fiction(905);

// Calls that begin at a constant rate, whether or not those before them are answered. Every call has its own virtual
// user, and its own connection, while it lasts: as many as begin within two talks and half a second of waiting. Where
// they do not suffice, calls are dropped, which fails the run.
export function arrivals(what, callsPerSecond, more = {}) {
  const users = Math.ceil(callsPerSecond * (2 * TALK_SECONDS + 0.5)) + 5;
  return {
    executor: 'constant-arrival-rate',
    exec: what,
    // By the minute, for there are rates below one a second.
    rate: Math.max(1, Math.round(callsPerSecond * 60)),
    timeUnit: '1m',
    preAllocatedVUs: users,
    maxVUs: users,
    gracefulStop: '30s',
    ...more,
  };
}

// What no run may miss. A caller is answered within a second (CONTRACT: whatever is slow), which on a busy machine is
// generous by three orders of magnitude; the others have the time in which Twilio and people give up.
export const thresholds = {
  // A rate of nothing counts as kept, so something must have been done.
  iterations: ['count>0'],
  checks: ['rate==1'],
  calls_whole: ['rate==1'],
  http_req_failed: ['rate==0'],
  dropped_iterations: ['count==0'],
  'http_req_duration{endpoint:voice}': ['p(99)<1000'],
  'http_req_duration{endpoint:sip}': ['p(99)<1000'],
  'http_req_duration{endpoint:next}': ['p(99)<1000'],
  'http_req_duration{endpoint:vapi}': ['p(99)<1000'],
  'http_req_duration{endpoint:status}': ['p(99)<1000'],
  'http_req_duration{endpoint:voicemail_done}': ['p(99)<1000'],
  'http_req_duration{endpoint:voicemail}': ['p(99)<3000'],
  'http_req_duration{endpoint:admin}': ['p(99)<3000'],
};

export function options(scenarios) {
  return {
    scenarios,
    thresholds,
    summaryTrendStats: ['min', 'med', 'p(90)', 'p(99)', 'p(99.9)', 'max', 'count'],
    userAgent: 'TwilioProxy/1.1',
    setupTimeout: '60s',
    teardownTimeout: '60s',
  };
}

// A number that no other iteration of this scenario has in this test.
export const turn = () => exec.scenario.iterationInTest;
