// Where numbers really lead: what the providers say when they are asked, and what to do about what is amiss.
import { type ReactNode, useEffect, useRef, useSyncExternalStore } from "react";
import { Link } from "wouter";
import { http, onceKey } from "../../api/client";
import type { NumberAudit, NumberFinding } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Panel } from "../../ui/page";
import { count, counted, phone } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Empty, Failed, Loading } from "../../ui/states";
import { Time } from "../../ui/time";
import { amissWord, sentence } from "./number-words";
import { useStale } from "./stale";

interface Look {
  at?: string;
  report?: NumberAudit;
  error?: unknown;
  busy: boolean;
}

/** The last look of this session, whichever screen asked for it. */
let last: Look = { busy: false };
const watchers = new Set<() => void>();

function become(next: Look) {
  last = next;
  for (const watcher of watchers) watcher();
}

export function useLook(): Look & { look: () => Promise<void>; findings: Map<string, NumberFinding> } {
  const now = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => last,
  );
  const stale = useStale("/api/today");
  const look = async () => {
    if (last.busy) return;
    become({ ...last, busy: true });
    try {
      const { data } = await http.POST("/api/numbers/audit", { params: { header: { "Idempotency-Key": onceKey() } } });
      become({ busy: false, at: new Date().toISOString(), ...(data === undefined ? {} : { report: data }) });
      await stale();
    } catch (error) {
      become({ ...last, busy: false, error });
    }
  };
  const findings = new Map((now.report?.findings ?? []).map((finding) => [finding.numberId, finding]));
  return { ...now, look, findings };
}

type Recorder = (e164: string, accountSid: string | null) => void;

export function LookPanel({ onRecord, more }: { onRecord: Recorder; more?: ReactNode }) {
  const { mayChange } = useSession();
  const { report, at, error, busy, look } = useLook();
  return (
    <Panel
      title="Where they really lead"
      lead="Twilio and Vapi are asked every five minutes by themselves. What an import took is brought back; all else is only told."
      actions={<SameBy cli="patchbay numbers audit" request={{ method: "POST", path: "/api/numbers/audit" }} />}
    >
      {!mayChange && <p className="small soft">Your token may not ask the providers; what is amiss stands on Today.</p>}
      {error !== undefined && <Failed error={error} />}
      {report !== undefined && at !== undefined && <Report report={report} at={at} onRecord={onRecord} />}
      {mayChange && (
        <div className="row">
          <Button pending={busy} onPress={() => void look()}>
            {busy ? "Asking the providers…" : report === undefined ? "Look now" : "Look again"}
          </Button>
          {more}
        </div>
      )}
    </Panel>
  );
}

/** In place of the list: only what is not as it should be. Whoever comes here wants it as it is now. */
export function Astray({ onRecord, only }: { onRecord: Recorder; only?: string }) {
  const { mayChange } = useSession();
  const { report, at, error, busy, look } = useLook();
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current || !mayChange || last.report !== undefined) return;
    asked.current = true;
    void look();
  });
  if (!mayChange) {
    return (
      <Empty title="Your token may not ask the providers">
        They are asked every five minutes by themselves; what is amiss stands on Today.
      </Empty>
    );
  }
  const ofTenant = (all: NumberAudit): NumberAudit =>
    only === undefined
      ? all
      : { ...all, findings: all.findings.filter(({ tenantId }) => tenantId === only), unknown: [], returned: [] };
  return (
    <div className="stack">
      <div>
        <Button pending={busy} onPress={() => void look()}>
          {busy ? "Asking the providers…" : "Look again"}
        </Button>
      </div>
      {error !== undefined && <Failed error={error} />}
      {report === undefined && busy && <Loading what="Asking the providers" />}
      {report !== undefined && at !== undefined && <Report report={ofTenant(report)} at={at} onRecord={onRecord} />}
    </div>
  );
}

function Report({ report, at, onRecord }: { report: NumberAudit; at: string; onRecord: Recorder }) {
  const { mayChange } = useSession();
  const { findings, unknown, returned, notAsked } = report;
  const clean = findings.length === 0 && unknown.length === 0 && notAsked.length === 0;
  return (
    <div className="stack" role="status">
      <p>
        <span className="strong">{counted(report.lookedAt, "number")} looked at</span>{" "}
        <span className="soft">
          at <Time at={at} as="clock" />
          {clean && ". Each leads where it should."}
        </span>
      </p>
      {findings.length > 0 && (
        <ul className="list-plain findings">
          {findings.map((finding) => (
            <Finding key={finding.numberId} finding={finding} />
          ))}
        </ul>
      )}
      {unknown.length > 0 && (
        <Note tone="warn" title={`${count(unknown.length)} paid for that nobody here knows`}>
          <ul className="list-plain">
            {unknown.map((number) => (
              <li key={number.sid} className="row">
                <span className="strong">{phone(number.e164)}</span>
                <span className="soft">
                  {number.accountSid === null ? "Vapi's own" : `Twilio ${number.accountSid}`}
                </span>
                {mayChange && <Button onPress={() => onRecord(number.e164, number.accountSid)}>Record it here</Button>}
              </li>
            ))}
          </ul>
        </Note>
      )}
      {notAsked.map(({ whom, why }) => (
        <Note key={whom} tone="warn" title={`${whom} could not be asked`}>
          <p>{why}</p>
        </Note>
      ))}
      {returned.length > 0 && (
        <p className="soft">Rested long enough, in the pool now: {returned.map(phone).join(", ")}</p>
      )}
    </div>
  );
}

function Finding({ finding }: { finding: NumberFinding }) {
  const said = amissWord(finding.what);
  return (
    <li>
      <div className="row">
        <Link href={`/numbers?open=${finding.numberId}&q=${encodeURIComponent(finding.e164)}`} className="strong">
          {phone(finding.e164)}
        </Link>
        <Badge tone="bad">{said.text}</Badge>
        <span className="small soft">
          since <Time at={finding.since} />
        </span>
        {finding.jobId !== null && <Link href={`/jobs/${finding.jobId}`}>A job brings it back</Link>}
      </div>
      <p className="small soft">
        {sentence(finding.detail)} {finding.whyNot !== null ? `No job brings it back: ${finding.whyNot}. ` : ""}
        {said.next}
      </p>
    </li>
  );
}
