// What needs a hand, the worst first: what it is about, and the next step. Where nothing does, one quiet line.
import { useState } from "react";
import { Link } from "wouter";
import type { TodayWarning } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Code } from "../../ui/copy";
import { Icon } from "../../ui/icon";
import { Panel } from "../../ui/page";
import { count } from "../../ui/phone";
import { Time } from "../../ui/time";

const STORE_AWAY: TodayWarning = {
  code: "store_away",
  grade: "fault",
  subject: "The store is away",
  detail:
    "Calls are answered from what is remembered; what must be kept waits on disk. Nothing can be changed meanwhile.",
  next: "Bring the database back: patchbay goes on by itself.",
  command: "patchbay check",
  href: null,
  since: null,
};

/** So many leave the calls below in sight. */
const SHOWN = 4;

export function Warnings({ warnings, storeUp }: { warnings: TodayWarning[]; storeUp: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const isTold = warnings.some(({ code }) => code.startsWith("store"));
  const all = storeUp || isTold ? warnings : [STORE_AWAY, ...warnings];
  const sorted = [...all].sort((one, other) => rank(one) - rank(other));
  if (sorted.length === 0) {
    return (
      <p className="all-well" role="status">
        <Icon name="check" /> Nothing needs you
      </p>
    );
  }
  const shown = isOpen ? sorted : sorted.slice(0, SHOWN);
  return (
    <Panel title="Needs you" lead={sorted.length > 1 ? `${count(sorted.length)} in all, the worst first` : undefined}>
      <ul className="list-plain stack" aria-live="polite">
        {shown.map((warning) => (
          <Warning key={`${warning.code} ${warning.subject}`} warning={warning} />
        ))}
      </ul>
      {sorted.length > SHOWN && (
        <div>
          <Button onPress={() => setOpen(!isOpen)}>
            {isOpen ? "Show fewer" : `Show ${count(sorted.length - SHOWN)} more`}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function rank({ grade }: TodayWarning): number {
  return grade === "fault" ? 0 : 1;
}

function Warning({ warning }: { warning: TodayWarning }) {
  const { grade, subject, detail, next, command, href, since } = warning;
  return (
    <li className={grade === "fault" ? "note bad" : "note warn"}>
      <div className="row apart">
        <h3>{/^[a-z][a-z ]*$/.test(subject) ? subject.charAt(0).toUpperCase() + subject.slice(1) : subject}</h3>
        <span className="row">
          {since !== null && (
            <span className="small">
              since <Time at={since} />
            </span>
          )}
          <Badge tone={grade === "fault" ? "bad" : "warn"}>{grade === "fault" ? "Fault" : "Warning"}</Badge>
        </span>
      </div>
      <p>{detail}</p>
      <p>
        <span className="strong">Next:</span> {next}{" "}
        {href !== null && (href.startsWith("/") ? <Link href={href}>Go there</Link> : <a href={href}>Go there</a>)}
      </p>
      {command !== null && <Code text={command} what="the command" wrap />}
    </li>
  );
}
