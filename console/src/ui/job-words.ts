// Jobs and their steps in words for people. The stable words of the API stay in sight beside them.
import type { Job } from "../api/schema";
import type { Tone } from "./badge";

const STEPS: Record<string, string> = {
  allowSipAddresses: "Let the phone system's addresses in",
  awaitFreeVapiNumber: "Wait until the free number is active",
  callOffPort: "Call the move off at Twilio",
  completeSetup: "Finish the setup",
  createFreeVapiNumber: "Get a free number at Vapi",
  createSipCredential: "Let the SIP user name in",
  createSipEndpoint: "Make the business's address at Vapi",
  deleteFreeVapiNumbers: "Give free numbers back to Vapi",
  deleteFromVapi: "Take the number out of Vapi",
  deleteSipEndpoint: "Take the business's address out of Vapi",
  forgetNumber: "Strike the number from our list",
  freeVapiNumber: "A free number of Vapi's",
  globalTwilio: "The installation's Twilio account",
  holdNumber: "Hold the number",
  importToVapi: "Make the number known to Vapi",
  keepTemporaryNumber: "Keep the temporary number",
  listTwilioNumbers: "Look for an unused number at Twilio",
  listenForPorts: "Listen for news of the move",
  lookForNumber: "Look for the number at Twilio",
  organizationTwilio: "The organization's Twilio account",
  phoneNumber: "Get a number",
  pool: "Look into our own pool",
  portability: "Ask whether the number can move",
  portedNumber: "Write the number down as the tenant's",
  purchaseTwilioNumber: "Buy the number at Twilio",
  readNumberBack: "Check that it leads here",
  recordArrival: "Note that the number has come",
  recordPort: "Write the move down",
  releaseTwilioNumber: "Give the number back to Twilio",
  removeFromSipLists: "Take the SIP name off Twilio's lists",
  requestPort: "Hand in the request for the move",
  searchAvailableNumbers: "Look for numbers for sale",
  setTarget: "Say who answers",
  sipDomain: "Make the SIP domain lead here",
  wireFreeVapiNumber: "Make the free number ask here",
  wireNumber: "Make the number lead here",
  wireNumberBack: "Make the number lead back",
  withdrawNumber: "Let nobody get the number any more",
};

export function stepName(name: string): string {
  return STEPS[name] ?? name;
}

const KINDS: Record<Job["kind"], string> = {
  number: "Get a number",
  deploy: "Connect the business",
  wire: "Make a number lead here",
  target: "Change who answers",
  remove: "Take a number out of Vapi",
  release: "Give a number back",
  retire: "End a SIP name",
  vacate: "Clear away what a tenant had",
  arrive: "Take in a number that has come",
  callOff: "Call a move off",
};

export function jobName(kind: Job["kind"]): string {
  return KINDS[kind] ?? kind;
}

const STATES: Record<Job["state"], { text: string; tone: Tone }> = {
  queued: { text: "About to begin", tone: "plain" },
  running: { text: "Under way", tone: "plain" },
  waiting: { text: "Waiting, goes on by itself", tone: "warn" },
  succeeded: { text: "Done", tone: "good" },
  failed: { text: "Failed", tone: "bad" },
  manual: { text: "Needs somebody", tone: "warn" },
  cancelled: { text: "Called off", tone: "plain" },
};

export function jobState(state: Job["state"]): { text: string; tone: Tone } {
  return STATES[state] ?? { text: state, tone: "plain" };
}

/** Whether nothing happens to it any more unless somebody asks. */
export function isOver(state: Job["state"]): boolean {
  return state !== "queued" && state !== "running" && state !== "waiting";
}

/** What a log says, without the pictures and shouting in front: for a page that has its own. */
export function plain(detail: string): string {
  return detail
    .replace(/(?:\p{Extended_Pictographic}|\uFE0F)+\s*/gu, "")
    .replace(/^STRATEGY \d: /, "")
    .trim();
}
