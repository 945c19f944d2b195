// A whole telephone call: it rings, the TwiML is followed to its end, and the status callback ends it.

import { check, sleep } from 'k6';
import { Rate } from 'k6/metrics';
import { ACCOUNT, TALK_SECONDS, anyCaller } from './settings.js';
import { ask, hex, parameters, uuid } from './signed.js';
import { verbs } from './markup.js';

const whole = new Rate('calls_whole');

// How many callers in a hundred reach an AI that does not answer, and how many hang up while it rings. Few enough that
// no breaker opens for it.
const AI_SILENT = 2;
const CALLER_LEAVES = 3;
// How many say nothing after the tone.
const NOTHING_SAID = 20;

const chance = (percent) => Math.random() * 100 < percent;
const talk = () => sleep(TALK_SECONDS * (0.5 + Math.random()));

// What a caller can be led to first, and how that looks.
const FIRST = {
  ai: (list) => led(list, 'Dial', 'Sip'),
  staff: (list) => led(list, 'Dial', 'Number'),
  message: (list) => led(list, 'Record'),
};

function led(list, verb, noun) {
  const found = list.find((one) => one.name === verb);
  return found !== undefined && (noun === undefined || found.children.some((child) => child.name === noun));
}

// A call to a number, or, with `sipDomain`, to a name on the SIP domain. `expect` is what it must lead to, one of ai,
// staff and message; several where the hours decide.
export function phone(to, { from = anyCaller(), sipDomain = null, expect = ['ai', 'message'] } = {}) {
  const call = { sid: `CA${hex(32)}`, token: uuid(), to, from, sipDomain, status: 'ringing', seconds: 0 };
  const began = Date.now();
  const endpoint = sipDomain ? 'sip' : 'voice';
  const list = twiml(endpoint, `/api/twilio/${endpoint}`, parameters(call));
  const wanted = `${endpoint}: leads to ${expect.join(' or ')}`;
  let good = check(list, { [wanted]: (given) => given !== null && expect.some((one) => FIRST[one](given)) });
  good = follow(call, list) && good;
  call.seconds = Math.round((Date.now() - began) / 1000);
  whole.add(over(call) && good);
}

// Asks for TwiML, and checks that it is some.
function twiml(endpoint, url, form) {
  const answer = ask(endpoint, url, form);
  const list = answer.status === 200 ? verbs(answer.body) : null;
  check(answer, {
    [`${endpoint}: answers`]: (given) => given.status === 200,
    [`${endpoint}: TwiML`]: (given) =>
      list !== null && given.headers['Content-Type'] === 'application/xml; charset=utf-8',
  });
  return list;
}

// Does what a document says. True if all that followed from it went well.
function follow(call, list) {
  if (list === null) return false;
  for (const verb of list) {
    if (verb.name === 'Dial') return dial(call, verb);
    if (verb.name === 'Record') {
      call.status = 'in-progress';
      if (!chance(NOTHING_SAID)) return leaveMessage(call, verb);
    }
    if (verb.name === 'Hangup' || verb.name === 'Reject') return true;
  }
  return true;
}

function dial(call, verb) {
  const toAi = verb.children.some((noun) => noun.name === 'Sip');
  talk();
  let leg = 'completed';
  if (toAi && chance(CALLER_LEAVES)) {
    // Whoever leaves ends the call: the action is told so, and there is nothing to do any more.
    call.status = 'no-answer';
    leg = 'canceled';
  } else if (toAi && chance(AI_SILENT)) {
    leg = 'no-answer';
  } else {
    call.status = 'in-progress';
  }
  const told = { DialCallStatus: leg, DialCallSid: `CA${hex(32)}`, DialBridged: String(leg === 'completed') };
  const list = twiml('next', verb.attributes.action, parameters(call, told));
  const right = check(list, {
    'next: goes on as the leg ended': (given) => {
      if (given === null) return false;
      if (leg === 'canceled') return given.length === 0;
      return leg === 'completed' ? led(given, 'Hangup') : led(given, 'Record');
    },
  });
  return follow(call, list) && right;
}

function leaveMessage(call, verb) {
  talk();
  const recording = `RE${hex(32)}`;
  const told = {
    RecordingSid: recording,
    RecordingUrl: `https://api.twilio.com/2010-04-01/Accounts/${ACCOUNT}/Recordings/${recording}`,
    RecordingDuration: '7',
  };
  const list = twiml('voicemail_done', verb.attributes.action, parameters(call, told));
  // Of the recording itself Twilio tells later, and without the parties.
  const callback = { AccountSid: ACCOUNT, CallSid: call.sid, RecordingStatus: 'completed', RecordingChannels: '1' };
  const kept = ask('voicemail', verb.attributes.recordingStatusCallback, Object.assign(callback, told));
  const good = check(kept, { 'voicemail: kept': (given) => given.status === 204 });
  return follow(call, list) && good;
}

// Twilio tells that the call is over.
function over(call) {
  if (call.status !== 'no-answer') call.status = 'completed';
  const told = { CallDuration: String(call.seconds), SequenceNumber: '0', CallbackSource: 'call-progress-events' };
  const answer = ask('status', '/api/twilio/status', parameters(call, told));
  return check(answer, { 'status: acknowledged': (given) => given.status === 204 });
}
