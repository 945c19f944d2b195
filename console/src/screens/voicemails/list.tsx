// Voicemails: of everybody or of one tenant, to be heard, marked, and answered by calling back.
import { useState } from "react";
import { api } from "../../api/client";
import type { operations, Tenant, Voicemail } from "../../api/schema";
import { Button } from "../../ui/button";
import { TextField } from "../../ui/field";
import { useInUrl, useTyped } from "../../ui/in-url";
import { byCursor, More } from "../../ui/pages";
import { TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { Segments } from "../../ui/segments";
import { quoted, withQuery } from "../../ui/shell";
import { Empty, Failed, Loading } from "../../ui/states";
import { ownZone } from "../../ui/time";
import { dayBegins, dayEnds, spelled } from "../../ui/zoned";
import { VoicemailItem } from "./item";
import "./voicemails.css";

type Query = NonNullable<operations["voicemails_list"]["parameters"]["query"]>;

const PAGE = 30;

const VIEWS = [
  { value: "unheard", label: "Unheard" },
  { value: "all", label: "All" },
] as const;

const FILTERS = ["q", "tenant", "first", "last"] as const;

export function VoicemailList({ tenant }: { tenant?: Tenant }) {
  const [params, change] = useInUrl();
  const [q, setQ] = useTyped("q");
  const of = (name: (typeof FILTERS)[number]) => params.get(name)?.trim() ?? "";
  const view = params.get("show") === "all" ? "all" : "unheard";
  const zone = tenant?.timezone ?? ownZone;
  const query = queryOf(of, view, zone, tenant);
  const voicemails = api.useInfiniteQuery(
    "get",
    "/api/voicemails",
    { params: { query: { ...query, limit: PAGE } } },
    { ...byCursor },
  );
  // What was heard here stays in sight until somebody goes elsewhere: nobody loses what they are listening to.
  const [kept, setKept] = useState<Map<string, Voicemail>>(new Map());
  const listed = voicemails.data?.pages.flatMap((page) => page.data) ?? [];
  const question = JSON.stringify(query);
  const [keptFor, setKeptFor] = useState(question);
  if (keptFor !== question) {
    setKeptFor(question);
    setKept(new Map());
  }
  const rows = merged(listed, kept);
  const isNarrowed = FILTERS.some((name) => params.has(name));
  const all = { q: undefined, tenant: undefined, first: undefined, last: undefined };
  return (
    <div className="stack">
      <div className="row apart">
        <Segments label="Which voicemails" name="show" value={view} options={[...VIEWS]} />
        <SameBy cli={commandOf(query, tenant)} request={{ method: "GET", path: withQuery("/api/voicemails", query) }} />
      </div>
      <div className="voicemail-filters" role="search" aria-label="Filters of the voicemails">
        <TextField
          label="Search"
          type="search"
          value={q}
          onChange={setQ}
          placeholder="A number, or words that were said"
        />
        {tenant === undefined && <TenantPick value={of("tenant")} onChange={(id) => change({ tenant: id })} />}
        <TextField label="From day" type="date" value={of("first")} onChange={(first) => change({ first })} />
        <TextField label="To day" type="date" value={of("last")} onChange={(last) => change({ last })} />
      </div>
      {voicemails.data === undefined && voicemails.error === null && <Loading />}
      {voicemails.data === undefined && voicemails.error !== null && (
        <Failed error={voicemails.error} retry={() => void voicemails.refetch()} />
      )}
      {rows.length > 0 && (
        <ul className="voicemails list-plain" aria-label="Voicemails">
          {rows.map((voicemail) => (
            <VoicemailItem
              key={voicemail.id}
              voicemail={voicemail}
              zone={zone}
              ofTenant={tenant !== undefined}
              onChanged={(after) => setKept((before) => new Map(before).set(after.id, after))}
            />
          ))}
        </ul>
      )}
      {voicemails.data !== undefined && (rows.length > 0 || voicemails.hasNextPage) && (
        <More query={voicemails} shown={rows.length} />
      )}
      {voicemails.data !== undefined && rows.length === 0 && !voicemails.hasNextPage && (
        <Nothing view={view} isNarrowed={isNarrowed} showAll={() => change({ ...all, show: "all" })} />
      )}
    </div>
  );
}

function Nothing({ view, isNarrowed, showAll }: { view: string; isNarrowed: boolean; showAll: () => void }) {
  if (isNarrowed) {
    return (
      <Empty title="No voicemail is like this" action={<Button onPress={showAll}>Show all voicemails</Button>}>
        Take a filter away, or look among those already heard.
      </Empty>
    );
  }
  if (view === "unheard") {
    return (
      <Empty title="Everything is heard" action={<Button onPress={showAll}>Show all voicemails</Button>}>
        A new voicemail appears here by itself.
      </Empty>
    );
  }
  return (
    <Empty title="Nobody has left a voicemail yet">
      Callers can leave one where the fallback of a business is voicemail, or where nobody picks up.
    </Empty>
  );
}

/** The list with what was changed here, in its order. */
function merged(listed: Voicemail[], kept: Map<string, Voicemail>): Voicemail[] {
  const missing = [...kept.values()].filter((one) => !listed.some(({ id }) => id === one.id));
  return [...listed, ...missing].sort((one, other) => (one.id < other.id ? 1 : -1));
}

function queryOf(
  of: (name: (typeof FILTERS)[number]) => string,
  view: "unheard" | "all",
  zone: string,
  tenant: Tenant | undefined,
): Query {
  const since = dayBegins(of("first"), zone);
  const until = dayEnds(of("last"), zone);
  const tenantId = tenant?.id ?? of("tenant");
  return {
    ...(view === "unheard" && { heard: false }),
    ...(of("q") !== "" && { q: of("q") }),
    ...(tenantId !== "" && { tenantId }),
    ...(since && { since: spelled(since) }),
    ...(until && { until: spelled(until) }),
  };
}

function commandOf({ heard, q, tenantId, ...more }: Query, tenant: Tenant | undefined): string | undefined {
  if (Object.keys(more).length > 0) return undefined;
  const words = [
    heard === false && "--unheard",
    tenantId !== undefined && `--tenant ${quoted(tenant?.slug ?? tenantId)}`,
    q !== undefined && `--search ${quoted(q)}`,
  ];
  return ["patchbay voicemails list", ...words.filter((word) => word !== false)].join(" ");
}
