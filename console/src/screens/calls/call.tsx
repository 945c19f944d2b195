// One call: why it went where it went, what happened in it, and how it would go now.
import { Link } from "wouter";
import { api } from "../../api/client";
import type { CallDetail } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { Id } from "../../ui/copy";
import { Named, useTenant } from "../../ui/named";
import { Facts, Page, Panel } from "../../ui/page";
import { called, counted, phone } from "../../ui/phone";
import { reasonText } from "../../ui/reasons";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { Known } from "../../ui/states";
import { lasting, ownZone, Since, Time, ZoneNote } from "../../ui/time";
import { whoAnswers } from "../../ui/trace";
import { CallReplayed } from "./replayed";
import { Timeline } from "./timeline";
import { statusText } from "./words";
import "./calls.css";

export default function CallScreen({ id }: { id: string }) {
  const call = api.useQuery("get", "/api/calls/{sid}", { params: { path: { sid: id } } });
  if (call.data === undefined) {
    return (
      <Page title="Call" lead={<code>{id}</code>}>
        <Known query={call}>{() => null}</Known>
      </Page>
    );
  }
  return <Shown call={call.data} />;
}

function Shown({ call }: { call: CallDetail }) {
  const { tenant } = useTenant(call.tenantId);
  const zone = tenant?.timezone ?? ownZone;
  return (
    <Page
      title={`Call from ${phone(call.from)}`}
      lead={
        <>
          <Time at={call.at} zone={zone} as="full" /> · <ZoneNote zone={zone} />
        </>
      }
      actions={
        <SameBy
          cli={`patchbay calls show ${quoted(call.sid)}`}
          request={{ method: "GET", path: `/api/calls/${call.sid}` }}
        />
      }
    >
      <p className="row">
        <Badge tone={call.decision.available ? "ai" : "people"}>{whoAnswers(call.decision.available)}</Badge>
        <span>{reasonText(call.decision.reason)}</span>
        <code className="soft">{call.decision.reason}</code>
        {call.live && <Badge tone="good">Live</Badge>}
        {call.live && <Since at={call.at} />}
      </p>
      <div className="call">
        <div className="stack wide">
          <Panel title="What happened">
            <Timeline call={call} zone={zone} />
          </Panel>
          {call.tenantId !== null && <CallReplayed sid={call.sid} />}
        </div>
        <Panel title="Facts">
          <CallFacts call={call} />
        </Panel>
      </div>
    </Page>
  );
}

function CallFacts({ call }: { call: CallDetail }) {
  const history = `/tenants/${call.tenantId}/history?version=${call.tenantVersion}`;
  const others = call.activeCalls === 0 ? "None" : `${counted(call.activeCalls, "call")} not with the AI`;
  return (
    <Facts
      of={[
        [
          "From",
          <Link key="from" href={`/calls?q=${encodeURIComponent(call.from)}`}>
            {phone(call.from)}
          </Link>,
        ],
        ["To", called(call.to)],
        ["Tenant", <Named gone="No longer here" key="tenant" id={call.tenantId} />],
        ["Others on the line", others],
        ...(call.tenantId === null
          ? []
          : [
              [
                "Settings",
                <Link key="version" href={history}>
                  Version {call.tenantVersion}
                </Link>,
              ] as [string, React.ReactNode],
            ]),
        ["Status", call.live ? "Under way" : statusText(call.status)],
        ["Length", call.durationSeconds === null ? "Not known" : lasting(call.durationSeconds)],
        ["CallSid", <Id key="sid" text={call.sid} what="the CallSid" />],
        [
          "Account",
          call.accountSid === null ? "Not known" : <Id key="account" text={call.accountSid} what="the account" />,
        ],
        ["Request in the log", <Id key="request" text={call.requestId} what="the request id" />],
      ]}
    />
  );
}
