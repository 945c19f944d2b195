// The audit: who changed what, when, how it was before and how it is since. Nobody can change what stands here.
import { api } from "../../api/client";
import type { AuditEntry } from "../../api/schema";
import { useSession } from "../../app/session";
import { Button } from "../../ui/button";
import { Select, TextField } from "../../ui/field";
import { FilterBar, FilterText, useFilters } from "../../ui/filters";
import { Icon } from "../../ui/icon";
import { Page } from "../../ui/page";
import { byCursor, Paged } from "../../ui/pages";
import { TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { Empty } from "../../ui/states";
import { ownDayBegins, ownZone, ZoneNote } from "../../ui/time";
import { Entry } from "./entry";
import { WHAT } from "./words";
import "./audit.css";

const WHAT_OPTIONS = [
  { value: "", label: "Anything" },
  ...Object.entries(WHAT)
    .map(([value, label]) => ({ value, label }))
    .sort((one, other) => one.label.localeCompare(other.label)),
];

export default function Audit() {
  const { onlyTenant } = useSession();
  const filters = useFilters("who", "what", "subject", "tenant", "since", "until", "q");
  const { who, what, subject, tenant, since, until, q } = filters.given;
  const from = since === undefined ? undefined : ownDayBegins(since);
  // The day that is named is wholly in it.
  const to = until === undefined ? undefined : ownDayBegins(until, 1);
  const query = {
    ...(who === undefined ? {} : { who }),
    ...(what === undefined ? {} : { what }),
    ...(subject === undefined ? {} : { subject }),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
    ...(from === undefined ? {} : { since: from }),
    ...(to === undefined ? {} : { until: to }),
    ...(q === undefined ? {} : { q }),
  };
  const entries = api.useInfiniteQuery("get", "/api/audit", { params: { query: { limit: 50, ...query } } }, byCursor);
  const asked = new URLSearchParams(query).toString();
  // The command narrows by tenant and by words; the rest only the API does.
  const cliSays = Object.keys(query).every((name) => name === "tenantId" || name === "q");
  const cli = `patchbay audit --changes${tenant === undefined ? "" : ` --tenant ${tenant}`}${q === undefined ? "" : ` --search ${quoted(q)}`}`;
  return (
    <Page
      title="Audit"
      lead={
        <>
          Every change, the latest first · <ZoneNote zone={ownZone} />
        </>
      }
      actions={
        <SameBy
          cli={cliSays ? cli : undefined}
          request={{ method: "GET", path: `/api/audit${asked === "" ? "" : `?${asked}`}` }}
        />
      }
    >
      <FilterBar of={filters}>
        <Select
          label="What"
          value={what ?? ""}
          onChange={(value) => filters.set("what", value)}
          options={what === undefined || what in WHAT ? WHAT_OPTIONS : [...WHAT_OPTIONS, { value: what, label: what }]}
        />
        {onlyTenant === null && <TenantPick value={tenant ?? ""} onChange={(id) => filters.set("tenant", id)} />}
        <FilterText label="Who or id has in it" name="q" placeholder="operator, front desk, num_…" />
        <TextField label="From day" type="date" value={since ?? ""} onChange={(value) => filters.set("since", value)} />
        <TextField label="To day" type="date" value={until ?? ""} onChange={(value) => filters.set("until", value)} />
        {who !== undefined && <Held label="Who" text={who} onClear={() => filters.set("who", "")} />}
        {subject !== undefined && (
          <Held label="To whom or what" text={subject} onClear={() => filters.set("subject", "")} />
        )}
      </FilterBar>
      <Paged
        query={entries}
        empty={
          filters.any ? (
            <Empty title="No such change">Nothing fits what you asked for above. Show all, or ask for less.</Empty>
          ) : (
            <Empty title="Nothing was changed yet">Every change from now on is told here.</Empty>
          )
        }
      >
        {(rows: AuditEntry[]) => (
          <ol className="audit list-plain" aria-label="Changes">
            {rows.map((entry, index) => (
              <Entry
                key={`${entry.at} ${entry.subject} ${index}`}
                entry={entry}
                narrow={(by) => filters.set(by, by === "who" ? entry.who : entry.subject)}
              />
            ))}
          </ol>
        )}
      </Paged>
    </Page>
  );
}

/** What was chosen from the list itself, and how to let go of it. */
function Held({ label, text, onClear }: { label: string; text: string; onClear: () => void }) {
  return (
    <div className="field">
      <span className="label">{label}</span>
      <Button onPress={onClear} aria-label={`${label}: ${text}. Show all again`}>
        <span className="held">{text}</span> <Icon name="close" />
      </Button>
    </div>
  );
}
