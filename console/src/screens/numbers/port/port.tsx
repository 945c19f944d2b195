// A number on its way here from another carrier: what is still to be told, how far it is, what happened.
import { type ReactNode, useState } from "react";
import { api, http, onceKey, Refused, words } from "../../../api/client";
import type { Port, PortRequest, Tenant } from "../../../api/schema";
import { useSession } from "../../../app/session";
import { Badge, Note } from "../../../ui/badge";
import { Button } from "../../../ui/button";
import { Confirm } from "../../../ui/dialog";
import { JobFollow } from "../../../ui/job-follow";
import { Facts, Panel } from "../../../ui/page";
import { phone } from "../../../ui/phone";
import { SameBy } from "../../../ui/same-by";
import { Known } from "../../../ui/states";
import { Time } from "../../../ui/time";
import { say } from "../../../ui/toast";
import { NotPaid } from "../payer";
import { useStale } from "../stale";
import { Bill } from "./bill";
import { CanItCome } from "./check";
import { Papers } from "./papers";
import { canHandIn, isUnderWay, portStatus } from "./port-words";
import "./port.css";

export function PortPanel({ tenant, title = "The number that moves here" }: { tenant: Tenant; title?: string }) {
  const at = { path: { id: tenant.id } };
  const query = api.useQuery("get", "/api/tenants/{id}/port", { params: at }, { retry: false });
  return (
    <Panel
      title={title}
      actions={
        <SameBy
          cli={`patchbay tenants port show ${tenant.slug}`}
          request={{ method: "GET", path: `/api/tenants/${tenant.id}/port` }}
        />
      }
    >
      <Known query={query}>{(port) => <Moving port={port} tenant={tenant} />}</Known>
    </Panel>
  );
}

function Moving({ port, tenant }: { port: Port; tenant: Tenant }) {
  const status = portStatus(port.portStatus);
  return (
    <div className="stack wide">
      <div className="stack tight">
        <div className="row">
          <span className="port-number">{phone(port.phoneNumber)}</span>
          <Badge tone={status.tone}>{status.text}</Badge>
          <code className="small soft">{port.portStatus}</code>
        </div>
        <p>{port.detail}</p>
      </div>
      {port.request !== null && <Request request={port.request} tenant={tenant} />}
      {canHandIn(port.portStatus) && <Preparing port={port} tenant={tenant} />}
      {isUnderWay(port.portStatus) && <UnderWay tenant={tenant} />}
    </div>
  );
}

/** The four things before a number is asked for, in the order they are done. */
function Preparing({ port, tenant }: { port: Port; tenant: Tenant }) {
  return (
    <ol className="port-steps list-plain">
      <Step title="Ask whether it can come" at={1}>
        <CanItCome tenant={tenant} />
      </Step>
      <Step title="Tell what its carrier wants to know" at={2} done={port.papers !== null}>
        <Papers tenant={tenant} papers={port.papers} />
      </Step>
      <Step title="Hand in the carrier's bill" at={3} done={port.bill !== null}>
        <Bill tenant={tenant} bill={port.bill} />
      </Step>
      <Step title="Ask for the number" at={4}>
        <HandIn port={port} tenant={tenant} />
      </Step>
    </ol>
  );
}

function Step({ title, at, done, children }: { title: string; at: number; done?: boolean; children: ReactNode }) {
  return (
    <li className={done === true ? "done" : undefined}>
      <span className="port-at" aria-hidden="true">
        {at}
      </span>
      <div className="stack">
        <div className="row">
          <h3>{title}</h3>
          {done === true && <Badge tone="good">Told</Badge>}
        </div>
        {children}
      </div>
    </li>
  );
}

function HandIn({ port, tenant }: { port: Port; tenant: Tenant }) {
  const { mayChange } = useSession();
  const [state, setState] = useState<{ busy: boolean; job?: string; error?: unknown }>({ busy: false });
  const [once] = useState(onceKey);
  const stale = useStale("/api/tenants", "/api/jobs");
  const run = async () => {
    setState({ busy: true });
    try {
      const { data } = await http.POST("/api/tenants/{id}/deploy", {
        params: { path: { id: tenant.id }, header: { "Idempotency-Key": once } },
      });
      setState({ busy: false, ...(data === undefined ? {} : { job: data.jobId }) });
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  if (state.job !== undefined) return <JobFollow id={state.job} onEnd={() => void stale()} />;
  const missing = port.missing.length > 0;
  return (
    <div className="stack">
      {missing ? (
        <div>
          <p>Before it can be asked for, this is missing:</p>
          <ul className="happens">
            {port.missing.map((one) => (
              <li key={one}>{withoutRequest(one)}</li>
            ))}
          </ul>
        </div>
      ) : (
        <p className="soft">
          Twilio e-mails a letter to whoever may sign for the account. Once it is signed the old carrier agrees on a
          day, typically after 7 to 14 business days. Keep the old service until the number has come.
        </p>
      )}
      {state.error instanceof Refused && state.error.code === "payment_required" ? (
        <NotPaid orgId={tenant.orgId} />
      ) : (
        state.error !== undefined && <Note tone="bad">{words(state.error)}</Note>
      )}
      {mayChange && (
        <div className="row">
          <Button look="primary" isDisabled={missing} pending={state.busy} onPress={() => void run()}>
            {port.request === null ? "Ask for the number" : "Ask for it anew"}
          </Button>
          <SameBy
            cli={`patchbay tenants deploy ${tenant.slug}`}
            request={{ method: "POST", path: `/api/tenants/${tenant.id}/deploy` }}
          />
        </div>
      )}
    </div>
  );
}

function Request({ request, tenant }: { request: PortRequest; tenant: Tenant }) {
  const zone = tenant.timezone;
  const facts: [string, ReactNode][] = [["Asked for", <Time key="r" at={request.requestedAt} zone={zone} as="full" />]];
  facts.push([
    "The day it comes",
    request.portDate === null ? "Not agreed yet" : <Time key="p" at={request.portDate} zone={zone} as="full" />,
  ]);
  if (request.nextLookAt !== null) {
    facts.push(["Twilio is asked next", <Time key="n" at={request.nextLookAt} zone={zone} />]);
  }
  facts.push(["Twilio's name of it", <code key="s">{request.requestSid}</code>]);
  const lines = [...request.timeline].reverse();
  return (
    <div className="stack">
      {request.signatureUrl !== null && (
        <Note tone="warn" title="The letter waits to be signed">
          <p>
            Whoever may sign for the account got it by e-mail too.{" "}
            <a href={request.signatureUrl} target="_blank" rel="noreferrer">
              Open the letter
            </a>
          </p>
        </Note>
      )}
      {request.reason !== null && (
        <Note tone="bad" title="Why it stopped">
          <p>
            {request.reason} {request.code !== null && <code className="small">{request.code}</code>}
          </p>
        </Note>
      )}
      <div className="number-columns">
        <Facts of={facts} />
        <div className="stack tight">
          <h3>What happened</h3>
          <ol className="spells list-plain">
            {lines.map((moment, index) => {
              const told = portStatus(moment.status);
              return (
                <li key={`${moment.at} ${index}`}>
                  <div className="row">
                    <Badge tone={index === 0 ? told.tone : "plain"}>{told.text}</Badge>
                    <span className="small soft">
                      <Time at={moment.at} zone={zone} />
                    </span>
                  </div>
                  {moment.detail !== "" && <p className="small">{moment.detail}</p>}
                </li>
              );
            })}
          </ol>
        </div>
      </div>
    </div>
  );
}

function UnderWay({ tenant }: { tenant: Tenant }) {
  const { mayChange } = useSession();
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [job, setJob] = useState<string>();
  const stale = useStale("/api/tenants", "/api/jobs");
  if (!mayChange) return null;
  const at = () => ({ path: { id: tenant.id }, header: { "Idempotency-Key": onceKey() } });
  const refresh = async () => {
    setBusy(true);
    try {
      await http.POST("/api/tenants/{id}/port/refresh", { params: at() });
      await stale();
      say("Twilio was asked just now");
    } catch (error) {
      say(words(error), "bad");
    } finally {
      setBusy(false);
    }
  };
  const path = `/api/tenants/${tenant.id}/port`;
  return (
    <div className="stack">
      <div className="row">
        <Button pending={busy} onPress={() => void refresh()}>
          Ask Twilio now
        </Button>
        <SameBy
          cli={`patchbay tenants port refresh ${tenant.slug}`}
          request={{ method: "POST", path: `${path}/refresh` }}
        />
        <Button look="danger" onPress={() => setAsked(true)}>
          Call the move off
        </Button>
        <SameBy
          cli={`patchbay tenants port cancel ${tenant.slug}`}
          request={{ method: "POST", path: `${path}/cancel` }}
        />
      </div>
      {job !== undefined && <JobFollow id={job} onEnd={() => void stale()} />}
      <Confirm
        title="Call the move off"
        isOpen={asked}
        onClose={() => setAsked(false)}
        verb="Call it off"
        danger
        deed={async () => {
          const { data } = await http.POST("/api/tenants/{id}/port/cancel", { params: at() });
          setJob(data?.jobId);
          await stale();
        }}
      >
        <p>The number stays with its carrier, and calls go on there. To move it later, the days count anew.</p>
      </Confirm>
    </div>
  );
}

/** What is missing is told with the request that tells it; here a form above does. */
function withoutRequest(missing: string): string {
  return missing.replace(/: (?:GET|PUT|POST|PATCH) \/\S+$/, "");
}
