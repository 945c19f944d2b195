// How past calls would have gone: how many, and which.
import { Link } from "wouter";
import type { Replay, ReplayedCall, Tenant } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Panel } from "../../ui/page";
import { count, counted, phone } from "../../ui/phone";
import { Empty } from "../../ui/states";
import { type Column, Table } from "../../ui/table";
import { Time, timeText } from "../../ui/time";
import { Verdict } from "../../ui/trace";

export function Replayed({ replay, tenant, by }: { replay: Replay; tenant: Tenant; by: string }) {
  const zone = tenant.timezone;
  const stretch = `${timeText(replay.from, zone, "full")} to ${timeText(replay.until, zone, "full")}`;
  if (replay.calls === 0) {
    return (
      <Empty title="No call was recorded in this time">
        {stretch}. Choose other days, or ask about a call that never was.
      </Empty>
    );
  }
  return (
    <Panel title={`By ${by}`} lead={stretch}>
      <p className="tally" role="status">
        {replay.differ === 0
          ? `None of ${counted(replay.calls, "call")} would go elsewhere`
          : `${count(replay.differ)} of ${counted(replay.calls, "call")} would go elsewhere`}
      </p>
      {replay.unknown > 0 && (
        <p>
          Of {counted(replay.unknown, "call")} nothing can be said: the settings of then are gone, or they hung on a
          line that other calls would have left free.
        </p>
      )}
      {replay.truncated && (
        <Note tone="warn" title="Not all of them were replayed">
          <p>
            There are too many calls: those from <Time at={replay.until} zone={zone} as="full" /> on were left out.
            Choose fewer days.
          </p>
        </Note>
      )}
      {replay.differ > 0 && (
        <>
          <Table
            label="Calls that would go elsewhere"
            columns={columnsIn(zone)}
            rows={replay.changes}
            idOf={(change) => change.sid}
          />
          {replay.changes.length < replay.differ && (
            <p className="small soft">The newest {count(replay.changes.length)} are shown; all are counted.</p>
          )}
        </>
      )}
    </Panel>
  );
}

function columnsIn(zone: string): Column<ReplayedCall>[] {
  return [
    {
      head: "When",
      cell: ({ sid, at }) => (
        <Link href={`/calls/${sid}`} className="line">
          <Time at={at} zone={zone} />
        </Link>
      ),
    },
    { head: "Caller", cell: ({ from }) => <span className="line">{phone(from)}</span> },
    { head: "Then", cell: ({ then }) => <Verdict decision={then} /> },
    { head: "Now", cell: ({ now }) => <Verdict decision={now} /> },
    { head: "Others on the line", cell: ({ activeCalls }) => count(activeCalls), number: true, wideOnly: true },
  ];
}
