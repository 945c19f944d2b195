// The calls under way: who calls whom, where it went, why, and how long it lasts by now. However many there are, only
// the latest are drawn, a few times a second at most.
import { useQueries } from "@tanstack/react-query";
import { memo, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { api, http } from "../../api/client";
import { type Live, useLive } from "../../api/events";
import type { LiveCall } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { Panel } from "../../ui/page";
import { count, counted, phone } from "../../ui/phone";
import { reasonText, stepText } from "../../ui/reasons";
import { Empty, Loading } from "../../ui/states";
import { Table } from "../../ui/table";
import { Since } from "../../ui/time";

const DRAWN = 50;
/** Nobody reads faster than this. */
const CALM_MS = 250;
/** How often it is asked while the stream says nothing. */
const WITHOUT_STREAM_MS = 5000;

export function LivePanel({ count: told }: { count: number | undefined }) {
  const heard = useCalm(useLive());
  const asked = api.useQuery(
    "get",
    "/api/live",
    {},
    { enabled: !heard.connected, refetchInterval: WITHOUT_STREAM_MS, staleTime: 0 },
  );
  const calls = heard.connected ? heard.calls : (asked.data?.data ?? heard.calls);
  const all = heard.connected ? heard.count : (asked.data?.data.length ?? told ?? calls.length);
  const known = heard.connected || asked.data !== undefined;
  return (
    <Panel
      title="On the phone now"
      lead={
        known && all > 0 ? (
          <span role="status">
            {counted(all, "call")}
            {all > DRAWN && `, the latest ${DRAWN} are shown`}
          </span>
        ) : undefined
      }
      actions={
        <Link href={all > DRAWN ? "/calls?live=true" : "/calls"}>
          {all > DRAWN ? `All ${count(all)} live calls` : "All calls"}
        </Link>
      }
    >
      {!known ? (
        <Loading what="Listening" />
      ) : calls.length === 0 ? (
        <Empty title="Nobody is on the phone">The next call appears here as it comes in, by itself.</Empty>
      ) : (
        <Calls calls={calls.slice(0, DRAWN)} why={heard.why} />
      )}
    </Panel>
  );
}

interface Told {
  from: string;
  available: boolean;
  reason: string;
  step: string;
}

const Calls = memo(function Calls({ calls, why }: { calls: LiveCall[]; why: Live["why"] }) {
  // What began before this page listened is looked up, once for all of them.
  const misses = calls.some(({ callSid }) => !why.has(callSid));
  const before = api.useQuery(
    "get",
    "/api/calls",
    { params: { query: { live: true, limit: DRAWN } } },
    { enabled: misses },
  );
  const looked = new Map((before.data?.data ?? []).map((call) => [call.sid, call]));
  const names = useNames([...new Set(calls.map(({ tenantId }) => tenantId))]);
  const tell = ({ callSid, withAi }: LiveCall): Partial<Told> & { available: boolean } => {
    const told = why.get(callSid) ?? looked.get(callSid);
    if (told === undefined) return { available: withAi };
    return { from: told.from, step: told.step, ...told.decision };
  };
  return (
    <Table
      label="Calls under way"
      rows={calls.map((call) => ({ ...call, ...tell(call) }))}
      idOf={({ callSid }) => callSid}
      columns={[
        {
          head: "Caller",
          cell: ({ callSid, from }) => (
            <Link className="line" href={`/calls/${callSid}`}>
              {from === undefined ? "A call" : from === "" ? "No number" : phone(from)}
            </Link>
          ),
        },
        {
          head: "Tenant",
          cell: ({ tenantId }) => <Link href={`/tenants/${tenantId}`}>{names.get(tenantId) ?? tenantId}</Link>,
        },
        {
          head: "Went to",
          cell: ({ available, withAi, step }) => (
            <Badge tone={withAi ? "ai" : "people"}>
              {withAi
                ? "AI"
                : step === undefined
                  ? "Not the AI"
                  : step === "ai" && available
                    ? "After the AI"
                    : stepText(step)}
            </Badge>
          ),
        },
        { head: "Why", wideOnly: true, cell: ({ reason }) => (reason === undefined ? "" : reasonText(reason)) },
        {
          head: "For",
          number: true,
          cell: ({ began }) => (
            <span className="line">
              <Since at={began} />
            </span>
          ),
        },
      ]}
    />
  );
});

/** The names of tenants. They are kept apart from what is asked anew with every change: a name seldom is what changed. */
function useNames(ids: string[]): Map<string, string> {
  const found = useQueries({
    queries: ids.map((id) => ({
      queryKey: ["name of", id],
      staleTime: 60_000,
      queryFn: async () => (await http.GET("/api/tenants/{id}", { params: { path: { id } } })).data?.name ?? id,
    })),
  });
  return new Map(ids.flatMap((id, index) => (found[index]?.data === undefined ? [] : [[id, found[index].data]])));
}

/** The same, but not newer than a quarter of a second ago where it changes faster than that. */
function useCalm<T>(value: T): T {
  const [calm, setCalm] = useState(value);
  const latest = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  latest.current = value;
  useEffect(() => {
    if (value === calm || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      setCalm(latest.current);
    }, CALM_MS);
  }, [value, calm]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  return calm;
}
