// Whether a call really arrives: one is placed from any phone, and the page shows its webhook as it comes in.
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { onHeard, useLive } from "../../api/events";
import type { CallBeganEvent, GuideMethod, PhoneIntegration, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button, ButtonLink } from "../../ui/button";
import { Copy } from "../../ui/copy";
import { Panel } from "../../ui/page";
import { phone } from "../../ui/phone";
import { reasonText, stepText } from "../../ui/reasons";
import { SameBy } from "../../ui/same-by";
import { Time, useNow } from "../../ui/time";
import { callable, causes } from "./call-words";

/** After this long a call would have arrived, however slow the carrier is. */
const PATIENCE_MS = 60_000;
const SHOWN_MAX = 5;

export function CallNow({
  tenant,
  method,
  known,
  owned,
}: {
  tenant: Tenant;
  method: GuideMethod | undefined;
  known: PhoneIntegration | null;
  /** Numbers that lead to the tenant already. */
  owned: string[];
}) {
  const { connected } = useLive();
  const { isOperator } = useSession();
  const [since, setSince] = useState<number>();
  const [arrived, setArrived] = useState<CallBeganEvent[]>([]);
  const now = useNow();

  useEffect(
    () =>
      onHeard(({ kind, data }) => {
        if (kind === "call.began" && data.tenantId === tenant.id) {
          setArrived((before) => [data, ...before.filter((one) => one.callSid !== data.callSid)].slice(0, SHOWN_MAX));
        }
      }),
    [tenant.id],
  );

  const listens = since !== undefined;
  const came = arrived.filter((call) => since === undefined || Date.parse(call.at) >= since - 5000);
  const waited = since === undefined ? 0 : Math.max(0, Math.floor((now - since) / 1000));
  const late = listens && came.length === 0 && waited * 1000 >= PATIENCE_MS;
  const places = callable(known, owned);
  return (
    <Panel
      title={method === undefined ? "Call it now" : "4. Call it now"}
      lead="From any phone that is not one of the business's own."
      actions={
        <SameBy
          cli={places[0] === undefined ? undefined : `patchbay calls list --tenant ${tenant.slug}`}
          request={{ method: "GET", path: `/api/calls?tenantId=${tenant.id}&limit=5` }}
        />
      }
    >
      <span id="call" />
      {places.length === 0 ? (
        <p className="soft">No number leads here yet. Say how it is reached and set it up; then it can be called.</p>
      ) : (
        <ul className="list-plain stack tight">
          {places.map(({ number, what }) => (
            <li key={number} className="call-place">
              <span>
                Call <span className="call-number">{phone(number)}</span>
              </span>
              <Copy text={number} what="the number" />
              <span className="soft">{what}</span>
            </li>
          ))}
        </ul>
      )}
      {places.length > 0 && (
        <div className="row">
          <Button
            look={listens && came.length === 0 ? "plain" : "primary"}
            onPress={() => {
              setArrived([]);
              setSince(listens && came.length === 0 ? undefined : Date.now());
            }}
          >
            {listens ? (came.length === 0 ? "Stop waiting" : "Try another call") : "Wait for my call"}
          </Button>
          <span role="status">
            {!connected
              ? "The page hears nothing just now: it is being connected again."
              : listens && came.length === 0
                ? "Waiting: call now, and let it ring."
                : ""}
          </span>
          {listens && came.length === 0 && (
            <span className="soft" aria-hidden="true">
              {waited} s
            </span>
          )}
        </div>
      )}
      <div role="status" className="stack">
        {came.map((call) => (
          <Arrived key={call.callSid} call={call} tenant={tenant} since={since} />
        ))}
      </div>
      {late && (
        <Note tone="warn" title="Nothing has arrived for a minute">
          <p>Look in this order:</p>
          <ol className="happens">
            {causes(method ?? known?.method, known).map((cause) => (
              <li key={cause}>{cause}</li>
            ))}
          </ol>
          {isOperator && (
            <div className="row">
              <ButtonLink href="/check">Settings check</ButtonLink>
              <span className="small">It tells which calls were refused because their signature did not fit.</span>
            </div>
          )}
        </Note>
      )}
    </Panel>
  );
}

const ARRIVALS = { number: "by its number", sip: "over SIP", vapi: "by a free number of Vapi's" } as const;

function Arrived({ call, tenant, since }: { call: CallBeganEvent; tenant: Tenant; since: number | undefined }) {
  const took = since === undefined ? undefined : Math.max(0, Math.round((Date.parse(call.at) - since) / 1000));
  return (
    <div className="arrived">
      <div className="row">
        <Badge tone="good">It has arrived</Badge>
        <span>
          from <span className="strong">{phone(call.from)}</span>, {ARRIVALS[call.arrival]},{" "}
          <Time at={call.at} zone={tenant.timezone} as="seconds" />
          {took !== undefined && <span className="soft"> · after {took} s</span>}
        </span>
      </div>
      <div className="row">
        <Badge tone={call.decision.available ? "ai" : "people"}>
          {call.decision.available ? "The AI answers" : stepText(call.step)}
        </Badge>
        <span>{reasonText(call.decision.reason)}</span>
        <code className="small soft">{call.decision.reason}</code>
        <Link href={`/calls/${call.callSid}`}>The whole call</Link>
      </div>
    </div>
  );
}
