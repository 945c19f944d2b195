// A call in a list: when, who, where it was led and why, what became of it. On a phone in two columns.
import { Link } from "wouter";
import type { Call } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { Named } from "../../ui/named";
import { called, phone } from "../../ui/phone";
import { reasonText, stepText } from "../../ui/reasons";
import type { Column } from "../../ui/table";
import { lasting, Since, Time } from "../../ui/time";
import { statusText } from "./words";

/** Of everybody's calls it is also told whose they are. */
export function columnsIn(zone: string, ofAll: boolean): Column<Call>[] {
  const tenant: Column<Call> = {
    head: "Tenant",
    cell: (call) => <Named gone="No longer here" id={call.tenantId} to="/calls" />,
    wideOnly: true,
  };
  return [
    {
      head: "When",
      cell: (call) => (
        <>
          <Link href={`/calls/${call.sid}`} className="line">
            <Time at={call.at} zone={zone} />
          </Link>
          <span className="phone-only">
            <span className="line">{phone(call.from)}</span>
            {ofAll && <Named gone="No longer here" id={call.tenantId} to="/calls" />}
          </span>
        </>
      ),
    },
    { head: "Caller", cell: (call) => <span className="line">{phone(call.from)}</span>, wideOnly: true },
    { head: "Called", cell: (call) => <span className="called">{called(call.to)}</span>, wideOnly: true },
    ...(ofAll ? [tenant] : []),
    {
      head: "Went to",
      cell: (call) => (
        <>
          <span className="led">
            <Badge tone={call.decision.available ? "ai" : "people"}>{stepText(call.step)}</Badge>
            <span>{reasonText(call.decision.reason)}</span>
          </span>
          <span className="phone-only">
            <Status of={call} />
          </span>
        </>
      ),
    },
    { head: "Status", cell: (call) => <Status of={call} />, wideOnly: true },
  ];
}

function Status({ of: { live, at, status, durationSeconds } }: { of: Call }) {
  if (live) {
    return (
      <span className="row">
        <Badge tone="good">Live</Badge> <Since at={at} />
      </span>
    );
  }
  return (
    <span>
      {statusText(status)}
      {durationSeconds !== null && <span className="soft line"> · {lasting(durationSeconds)}</span>}
    </span>
  );
}
