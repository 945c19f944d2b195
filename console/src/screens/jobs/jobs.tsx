// Jobs: what is being set up and what was, newest first, as it goes on.
import { Link } from "wouter";
import { api } from "../../api/client";
import type { Job, JobKind, JobState } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge } from "../../ui/badge";
import { Select } from "../../ui/field";
import { FilterBar, useFilters } from "../../ui/filters";
import { jobName, jobState, plain } from "../../ui/job-words";
import { Named } from "../../ui/named";
import { Page } from "../../ui/page";
import { byCursor } from "../../ui/pages";
import { TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { Empty } from "../../ui/states";
import { type Column, PagedTable } from "../../ui/table";
import { ownZone, Time, ZoneNote } from "../../ui/time";
import "./jobs.css";

const ANY = { value: "", label: "Any" };
const STATES: JobState[] = ["queued", "running", "waiting", "succeeded", "failed", "manual", "cancelled"];
const STATE_OPTIONS = [ANY, ...STATES.map((value) => ({ value, label: jobState(value).text }))];
const KINDS: JobKind[] = [
  "number",
  "deploy",
  "wire",
  "target",
  "remove",
  "release",
  "retire",
  "vacate",
  "arrive",
  "callOff",
];
const KIND_OPTIONS = [ANY, ...KINDS.map((value) => ({ value, label: jobName(value) }))];

export default function Jobs() {
  const { onlyTenant } = useSession();
  const filters = useFilters("state", "kind", "tenant");
  const { state, kind, tenant } = filters.given;
  const query = {
    limit: 50,
    ...(state === undefined ? {} : { state: state as JobState }),
    ...(kind === undefined ? {} : { kind: kind as JobKind }),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
  };
  const jobs = api.useInfiniteQuery("get", "/api/jobs", { params: { query } }, byCursor);
  const asked = new URLSearchParams({
    ...(state === undefined ? {} : { state }),
    ...(kind === undefined ? {} : { kind }),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
  }).toString();
  const cli = `patchbay jobs list${tenant ? ` --tenant ${tenant}` : ""}${state ? ` --state ${state}` : ""}${kind ? ` --kind ${kind}` : ""}`;
  return (
    <Page
      title="Jobs"
      lead={
        <>
          What is being set up at Twilio and Vapi · <ZoneNote zone={ownZone} />
        </>
      }
      actions={<SameBy cli={cli} request={{ method: "GET", path: `/api/jobs${asked === "" ? "" : `?${asked}`}` }} />}
    >
      <FilterBar of={filters}>
        <Select
          label="State"
          value={state ?? ""}
          onChange={(value) => filters.set("state", value)}
          options={STATE_OPTIONS}
        />
        <Select
          label="What for"
          value={kind ?? ""}
          onChange={(value) => filters.set("kind", value)}
          options={KIND_OPTIONS}
        />
        {onlyTenant === null && <TenantPick value={tenant ?? ""} onChange={(id) => filters.set("tenant", id)} />}
      </FilterBar>
      <PagedTable
        label="Jobs"
        columns={columns(onlyTenant === null)}
        query={jobs}
        idOf={(job) => job.id}
        empty={
          filters.any ? (
            <Empty title="No such job">Nothing fits what you chose above. Show all, or choose less.</Empty>
          ) : (
            <Empty title="No jobs yet">
              A job begins when a number is wanted, a tenant is set up, or a number is given back.
            </Empty>
          )
        }
      />
    </Page>
  );
}

function columns(many: boolean): Column<Job>[] {
  const all: (Column<Job> | false)[] = [
    {
      head: "What for",
      cell: (job) => (
        <>
          <Link href={`/jobs/${job.id}`}>{jobName(job.kind)}</Link>
          {many && job.tenantId !== null && (
            <div className="small narrow-only">
              <Named id={job.tenantId} />
            </div>
          )}
        </>
      ),
    },
    many && {
      head: "Tenant",
      cell: (job) => (job.tenantId === null ? <span className="soft">none</span> : <Named id={job.tenantId} />),
      wideOnly: true,
    },
    {
      head: "State",
      cell: (job) => <Badge tone={jobState(job.state).tone}>{jobState(job.state).text}</Badge>,
    },
    {
      head: "What came of it",
      cell: (job) => <span className="job-detail">{plain(job.detail || latest(job))}</span>,
      wideOnly: true,
    },
    { head: "Begun", cell: (job) => <Time at={job.createdAt} /> },
    { head: "By", cell: (job) => job.by.replace(/ \(.*\)$/, ""), wideOnly: true },
  ];
  return all.filter((column) => column !== false);
}

/** Where it stands, while nothing has come of it. */
function latest(job: Job): string {
  return job.steps.at(-1)?.detail ?? "";
}
