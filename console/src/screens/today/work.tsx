// What is being set up, and what callers left that nobody heard.
import { Link } from "wouter";
import { api } from "../../api/client";
import type { Job, Today } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { isOver, jobName, jobState, plain, stepName } from "../../ui/job-words";
import { Panel } from "../../ui/page";
import { count, counted } from "../../ui/phone";
import { Known } from "../../ui/states";
import { Time } from "../../ui/time";

const LAST = 4;

type Counted = keyof Today["jobs"];

const COUNTED: { state: Counted; word: string }[] = [
  { state: "manual", word: "to finish by hand" },
  { state: "running", word: "running" },
  { state: "waiting", word: "waiting" },
  { state: "queued", word: "queued" },
];

export function Work({ jobs, voicemailsUnheard }: { jobs: Today["jobs"]; voicemailsUnheard: number }) {
  const last = api.useQuery("get", "/api/jobs", { params: { query: { limit: LAST } } });
  const open = COUNTED.filter(({ state }) => jobs[state] > 0);
  return (
    <>
      <Panel title="Voicemails">
        <div className="row apart">
          {voicemailsUnheard === 0 ? (
            <span>All are heard</span>
          ) : (
            <span>
              <strong>{count(voicemailsUnheard)}</strong> not heard yet
            </span>
          )}
          <Link href={voicemailsUnheard === 0 ? "/voicemails" : "/voicemails?heard=false"}>
            {voicemailsUnheard === 0 ? "See all" : "Listen"}
          </Link>
        </div>
      </Panel>
      <Panel title="Jobs" actions={<Link href="/jobs">All jobs</Link>}>
        {open.length === 0 ? (
          <p>None is under way.</p>
        ) : (
          <p className="row">
            {open.map(({ state, word }) => (
              <Link key={state} href={`/jobs?state=${state}`}>
                <strong>{count(jobs[state])}</strong> {word}
              </Link>
            ))}
          </p>
        )}
        <Known query={last} loading={<span />}>
          {({ data }) => (
            <ul className="list-plain line-list" aria-label={`The last ${counted(data.length, "job")}`}>
              {data.map((job) => (
                <Last key={job.id} job={job} />
              ))}
            </ul>
          )}
        </Known>
      </Panel>
    </>
  );
}

function Last({ job }: { job: Job }) {
  const { text, tone } = jobState(job.state);
  const step = isOver(job.state) ? undefined : job.steps.at(-1);
  return (
    <li>
      <Link href={`/jobs/${job.id}`}>{jobName(job.kind)}</Link>
      <Badge tone={tone}>{text}</Badge>
      <p className="soft small job-last">
        <Time at={job.updatedAt} as="clock" /> · {step === undefined ? plain(job.detail) : stepName(step.name)}
      </p>
    </li>
  );
}
