// Jobs in words: whether one can be begun again, what it waits for, what a person does where it cannot go on.
import type { Job, JobKind } from "../../api/schema";
import { isOver, stepName } from "../../ui/job-words";

/** May it be begun again? What has succeeded may not. */
export function mayRetry(job: Pick<Job, "state">): boolean {
  return isOver(job.state) && job.state !== "succeeded";
}

/** Doing it may buy a number. */
export function mayBuy(kind: JobKind): boolean {
  return kind === "number" || kind === "deploy";
}

/** What a person does where a job has come as far as it can. The job's own detail stands above it. */
export function whatIsLeft(job: Pick<Job, "kind" | "detail">): string[] {
  const retry = "Then retry the job: it goes on where it stopped, and what is done stays done.";
  if (/manual assignment required/i.test(job.detail)) {
    return [
      "No number could be had by itself; the steps below say why each way was skipped.",
      "Give the tenant a number that nobody uses, or mend what kept the way you want from being taken: a Twilio account for the organization, or free numbers at Vapi.",
      retry,
    ];
  }
  if (/edge\.public_url/.test(job.detail)) {
    return ["Whoever runs patchbay sets the public URL and starts it again; Settings check says how.", retry];
  }
  if (/credential|account .* (not there|refused)|authenticate|api.?key/i.test(job.detail)) {
    return [
      "A provider does not let patchbay in. Put the credentials right, of the organization or in the settings.",
      retry,
    ];
  }
  if (/this is missing/i.test(job.detail)) return ["Put in what is missing, on the tenant's Connect tab.", retry];
  return ["Do what is said above.", retry];
}

/** What a job waits for, where it waits. */
export function waitsFor(job: Pick<Job, "state" | "steps">): string | undefined {
  if (job.state !== "waiting") return undefined;
  const step = job.steps.findLast((one) => one.state === "waiting" || one.state === "running");
  if (step === undefined) return undefined;
  return step.detail === "" ? stepName(step.name) : `${stepName(step.name)}: ${step.detail}`;
}
