// One job, step by step, as it goes: what it waits for, what it got, what is left for a person.
import { useState } from "react";
import { Link } from "wouter";
import { api, http, onceKey } from "../../api/client";
import type { Job } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Id } from "../../ui/copy";
import { Confirm } from "../../ui/dialog";
import { JobSteps } from "../../ui/job-follow";
import { isOver, jobName, jobState, plain } from "../../ui/job-words";
import { KnownPage } from "../../ui/known-page";
import { Named, useName } from "../../ui/named";
import { Facts, Page, Panel } from "../../ui/page";
import { counted, phone } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { useStale } from "../../ui/stale";
import { lasting, ownZone, Since, Time, useNow } from "../../ui/time";
import { say } from "../../ui/toast";
import "./jobs.css";
import { mayBuy, mayRetry, waitsFor, whatIsLeft } from "./words";

/** Asked again so often while it runs, should an event be lost. */
const ASK_AGAIN_MS = 15_000;

export default function JobScreen({ id }: { id: string }) {
  const job = api.useQuery(
    "get",
    "/api/jobs/{id}",
    { params: { path: { id } } },
    { refetchInterval: ({ state }) => (state.data !== undefined && isOver(state.data.state) ? false : ASK_AGAIN_MS) },
  );
  return (
    <KnownPage title="Job" query={job}>
      {(known) => <JobPage job={known} />}
    </KnownPage>
  );
}

function JobPage({ job }: { job: Job }) {
  const { text, tone } = jobState(job.state);
  const tenant = useName(job.tenantId);
  return (
    <Page
      title={tenant ? `${jobName(job.kind)}: ${tenant}` : jobName(job.kind)}
      lead={
        <span className="row">
          <Badge tone={tone}>{text}</Badge>
          <span>
            <Link href="/jobs">Jobs</Link> · <code>{job.id}</code> · times in {ownZone}
          </span>
        </span>
      }
      actions={<Deeds job={job} />}
    >
      <Standing job={job} />
      <div className="pair">
        <Panel title="Steps" lead={`${counted(job.steps.length, "step")} in the order they were tried`}>
          <JobSteps steps={job.steps} />
        </Panel>
        <div className="stack">
          {job.result !== null && <Got job={job} />}
          <Panel title="About it">
            <Facts
              of={[
                [
                  "For",
                  job.tenantId === null ? (
                    <span key="for" className="soft">
                      no tenant
                    </span>
                  ) : (
                    <Named key="for" id={job.tenantId} />
                  ),
                ],
                ["Asked by", job.by],
                ["Begun", <Time key="at" at={job.createdAt} as="full" />],
                isOver(job.state)
                  ? ["Ended", <Time key="at" at={job.updatedAt} as="full" />]
                  : ["Has gone on for", <Since key="at" at={job.createdAt} />],
                [
                  "Took",
                  isOver(job.state) ? (
                    took(job)
                  ) : (
                    <span key="took" className="soft">
                      not at its end yet
                    </span>
                  ),
                ],
              ]}
            />
          </Panel>
        </div>
      </div>
    </Page>
  );
}

function took(job: Job): string {
  const ms = Date.parse(job.updatedAt) - Date.parse(job.createdAt);
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : lasting(ms / 1000);
}

/** The one thing to know now: what it waits for, what came of it, what is left to do. */
function Standing({ job }: { job: Job }) {
  if (job.cancelAsked && !isOver(job.state)) {
    return <Note title="It is being called off">It stops as soon as the step that runs has come to its end.</Note>;
  }
  switch (job.state) {
    case "manual":
      return (
        <Note tone="warn" title="It has come as far as it can by itself">
          <p>{plain(job.detail)}</p>
          <ol className="left-to-do">
            {whatIsLeft(job).map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ol>
        </Note>
      );
    case "failed":
      return (
        <Note tone="bad" title="It failed">
          <p>{plain(job.detail)}</p>
          <p>Trying again as it is would end the same way. Mend the reason first, then retry.</p>
        </Note>
      );
    case "waiting":
      return (
        <Note title="It waits, and goes on by itself">
          {waitsFor(job) !== undefined && <p>{waitsFor(job)}</p>}
          {job.nextAt !== null && <GoesOn at={job.nextAt} />}
        </Note>
      );
    case "succeeded":
      return (
        <Note tone="good">
          <p>{plain(job.detail)}</p>
        </Note>
      );
    case "cancelled":
      return <Note title="It was called off">{!/called off$/.test(job.detail) && <p>{plain(job.detail)}</p>}</Note>;
    default:
      return job.detail === "" ? null : (
        <Note>
          <p>{plain(job.detail)}</p>
        </Note>
      );
  }
}

function GoesOn({ at }: { at: string }) {
  const left = (Date.parse(at) - useNow()) / 1000;
  return (
    <p>
      {left > 1 ? `It is tried again in ${lasting(left)}, at ` : "It is tried again now, planned for "}
      <Time at={at} as="seconds" />.
    </p>
  );
}

function Got({ job }: { job: Job }) {
  const result = job.result;
  if (result === null || result.e164 === undefined) return null;
  const id = (what: string, text: string) => <Id text={text} what={what} />;
  const facts: [string, React.ReactNode][] = [
    [
      "Number",
      <Link key="n" href={`/numbers?q=${encodeURIComponent(result.e164)}`}>
        {phone(result.e164)}
      </Link>,
    ],
  ];
  if (result.twilioSid) facts.push(["At Twilio", id("the id at Twilio", result.twilioSid)]);
  if (result.vapiNumberId) facts.push(["At Vapi", id("the id at Vapi", result.vapiNumberId)]);
  return (
    <Panel title="What it got">
      <Facts of={facts} />
    </Panel>
  );
}

function Deeds({ job }: { job: Job }) {
  const { mayChange } = useSession();
  const stale = useStale("/api/jobs");
  const [asks, setAsks] = useState<"retry" | "cancel">();
  const done = async (words: string) => {
    say(words);
    await stale();
  };
  const params = () => ({ path: { id: job.id }, header: { "Idempotency-Key": onceKey() } });
  const retries = mayRetry(job);
  const cancels = !isOver(job.state) && !job.cancelAsked;
  const verb = retries ? "retry" : cancels ? "cancel" : "show";
  const request =
    verb === "show"
      ? ({ method: "GET", path: `/api/jobs/${job.id}` } as const)
      : ({ method: "POST", path: `/api/jobs/${job.id}/${verb}` } as const);
  return (
    <>
      {mayChange && retries && (
        <Button look="primary" onPress={() => setAsks("retry")}>
          Retry
        </Button>
      )}
      {mayChange && cancels && <Button onPress={() => setAsks("cancel")}>Call off</Button>}
      <SameBy cli={`patchbay jobs ${verb} ${job.id}`} request={request} />
      <Confirm
        title="Retry this job?"
        isOpen={asks === "retry"}
        onClose={() => setAsks(undefined)}
        verb="Retry"
        deed={async () => {
          await http.POST("/api/jobs/{id}/retry", { params: params() });
          await done("The job goes on");
        }}
      >
        <p>It goes on where it stopped. What is done stays done; what had no effect is tried anew.</p>
        {mayBuy(job.kind) && (
          <Note tone="warn">
            It may buy a number, which costs about $1 a month for as long as it is kept. One it has bought already is
            not bought again.
          </Note>
        )}
      </Confirm>
      <Confirm
        title="Call this job off?"
        isOpen={asks === "cancel"}
        onClose={() => setAsks(undefined)}
        verb="Call off"
        danger
        deed={async () => {
          await http.POST("/api/jobs/{id}/cancel", { params: params() });
          await done("The job is being called off");
        }}
      >
        <p>It stops at its next step. It can be retried later.</p>
        {mayBuy(job.kind) && (
          <p>A number that is bought already stays in the pool: it is paid for, and the next tenant can have it.</p>
        )}
      </Confirm>
    </>
  );
}
