// Which calls are asked for: the filters of the list, as they stand in the address and as the server takes them.
import type { operations } from "../../api/schema";
import { quoted, withQuery } from "../../ui/shell";
import { dayBegins, dayEnds, spelled } from "../../ui/zoned";

type CallsQuery = NonNullable<operations["calls_list"]["parameters"]["query"]>;

/** Parameters of the address that narrow the list; `tenant` is fixed where the list is one tenant's. */
export const FILTERS = ["q", "tenant", "who", "reason", "state", "arrival", "first", "last", "from", "to"] as const;

const STATUSES = ["completed", "busy", "failed", "no-answer", "canceled"] as const;
const ARRIVALS = ["number", "sip", "vapi"] as const;

export const STATES: { value: string; label: string }[] = [
  { value: "", label: "Any" },
  { value: "live", label: "Live now" },
  { value: "completed", label: "Completed" },
  { value: "no-answer", label: "Nobody answered" },
  { value: "busy", label: "Busy" },
  { value: "failed", label: "Failed" },
  { value: "canceled", label: "Caller gave up" },
];

export const ARRIVAL_LABELS: { value: string; label: string }[] = [
  { value: "", label: "Any way" },
  { value: "number", label: "By a number" },
  { value: "sip", label: "By SIP" },
  { value: "vapi", label: "By a free Vapi number" },
];

export function queryOf(params: URLSearchParams, zone: string, tenantId: string | undefined): CallsQuery {
  const of = (name: (typeof FILTERS)[number]) => params.get(name)?.trim() || undefined;
  const state = of("state");
  const arrival = ARRIVALS.find((known) => known === of("arrival"));
  const reason = of("reason") as CallsQuery["reason"];
  const since = dayBegins(of("first") ?? "", zone);
  const until = dayEnds(of("last") ?? "", zone);
  const tenant = tenantId ?? of("tenant");
  const [q, from, to] = [of("q"), of("from"), of("to")];
  return {
    ...(q && { q }),
    ...(tenant && { tenantId: tenant }),
    ...(of("who") === "ai" && { available: true }),
    ...(of("who") === "people" && { available: false }),
    ...(reason && { reason }),
    ...(state === "live" && { live: true }),
    ...(STATUSES.some((known) => known === state) && { status: state }),
    ...(arrival && { arrival }),
    ...(since && { since: spelled(since) }),
    ...(until && { until: spelled(until) }),
    ...(from && { from }),
    ...(to && { to }),
  };
}

/** The request behind the list. */
export function pathOf(query: CallsQuery): string {
  return withQuery("/api/calls", query);
}

/** The same list as a command, where the command can narrow so far. */
export function commandOf(query: CallsQuery, slug: string | undefined): string | undefined {
  const { q, tenantId, ...more } = query;
  if (Object.keys(more).length > 0) return undefined;
  const words = [tenantId && `--tenant ${quoted(slug ?? tenantId)}`, q && `--search ${quoted(q)}`];
  return ["patchbay calls list", ...words.filter(Boolean)].join(" ");
}
