// A job as it goes on, step by step, and what to do where it stops.
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { api, http, onceKey, words } from "../api/client";
import type { Job, JobStep } from "../api/schema";
import { useSession } from "../app/session";
import { Badge } from "./badge";
import { Button } from "./button";
import { Icon } from "./icon";
import { isOver, jobName, jobState, plain, stepName } from "./job-words";
import { SameBy } from "./same-by";
import { useStale } from "./stale";
import { Known, Loading } from "./states";
import { useNow } from "./time";
import { say } from "./toast";
import "./job-follow.css";

/** The stream tells of each step; this is for when the stream is away. */
const ASK_AGAIN_MS = 4000;

/** Follows a job to its end. `onEnd` hears of it once, however it ends. */
export function JobFollow({ id, onEnd }: { id: string; onEnd?: (job: Job) => void }) {
  const query = api.useQuery(
    "get",
    "/api/jobs/{id}",
    { params: { path: { id } } },
    { refetchInterval: ({ state }) => (state.data !== undefined && isOver(state.data.state) ? false : ASK_AGAIN_MS) },
  );
  const job = query.data;
  const told = useRef<string>(undefined);
  const end = useRef(onEnd);
  end.current = onEnd;
  useEffect(() => {
    if (job === undefined) return;
    const now = `${job.id} ${job.state}`;
    if (!isOver(job.state)) told.current = undefined;
    else if (told.current !== now) {
      told.current = now;
      end.current?.(job);
    }
  }, [job]);
  return (
    <Known query={query} loading={<Loading what="Asking how far it is" />}>
      {(known) => <Followed job={known} />}
    </Known>
  );
}

function Followed({ job }: { job: Job }) {
  const state = jobState(job.state);
  return (
    <div className="job-follow stack">
      <div className="row apart">
        <div className="row" role="status">
          <Badge tone={state.tone}>{state.text}</Badge>
          <span className="strong">{job.detail === "" ? jobName(job.kind) : plain(job.detail)}</span>
          <NextTry job={job} />
        </div>
        <div className="row">
          <JobDeeds job={job} />
          <Link href={`/jobs/${job.id}`} className="small">
            The whole job
          </Link>
        </div>
      </div>
      <JobSteps steps={job.steps} />
    </div>
  );
}

function NextTry({ job }: { job: Job }) {
  const now = useNow();
  if (job.state !== "waiting" || job.nextAt === null) return null;
  const seconds = Math.max(0, Math.round((Date.parse(job.nextAt) - now) / 1000));
  return <span className="small soft">{seconds === 0 ? "trying again" : `tries again in ${seconds} s`}</span>;
}

/** What may be done with a job just now. */
function JobDeeds({ job }: { job: Job }) {
  const { mayChange } = useSession();
  const stale = useStale("/api/jobs");
  const [busy, setBusy] = useState(false);
  if (!mayChange) return null;
  const retries = job.state === "failed" || job.state === "manual" || job.state === "cancelled";
  const deed = retries ? "retry" : isOver(job.state) ? undefined : "cancel";
  if (deed === undefined) return null;
  const run = async () => {
    setBusy(true);
    const ask = { params: { path: { id: job.id }, header: { "Idempotency-Key": onceKey() } } };
    try {
      if (deed === "retry") await http.POST("/api/jobs/{id}/retry", ask);
      else await http.POST("/api/jobs/{id}/cancel", ask);
      await stale();
    } catch (error) {
      say(words(error), "bad");
    } finally {
      setBusy(false);
    }
  };
  return (
    <span className="row">
      <Button pending={busy} isDisabled={job.cancelAsked && deed === "cancel"} onPress={() => void run()}>
        {deed === "retry" ? "Go on where it stopped" : job.cancelAsked ? "Being called off" : "Call it off"}
      </Button>
      <SameBy
        cli={`patchbay jobs ${deed} ${job.id}`}
        request={{ method: "POST", path: `/api/jobs/${job.id}/${deed}` }}
      />
    </span>
  );
}

const MARKS = { done: "check", failed: "close", skipped: "right", running: "right", waiting: "warn" } as const;
const SAID = { done: "done", failed: "failed", skipped: "not this way", running: "under way", waiting: "waiting" };

/** The steps in the order they were first tried. */
export function JobSteps({ steps }: { steps: JobStep[] }) {
  if (steps.length === 0) return <p className="soft">The first step is about to begin.</p>;
  return (
    <ol className="job-steps list-plain">
      {steps.map((step, index) => (
        <li key={`${step.name} ${index}`} className={step.state}>
          <span className="job-mark">
            {step.state === "running" ? <span className="job-pulse" /> : <Icon name={MARKS[step.state]} />}
          </span>
          <span className="job-step">
            <span className="job-step-name">{stepName(step.name)}</span>{" "}
            <span className="small soft">
              {SAID[step.state]}
              {step.attempts > 1 && ` · tried ${step.attempts} times`}
            </span>
            {step.detail !== "" && <span className="job-step-detail soft">{plain(step.detail)}</span>}
          </span>
          <code className="small soft wide-only">{step.name}</code>
        </li>
      ))}
    </ol>
  );
}
