// One change: when, who, what, to whom, and what it changed.
import { useState } from "react";
import { Link } from "wouter";
import type { AuditEntry } from "../../api/schema";
import { Button } from "../../ui/button";
import { changesBetween } from "../../ui/changes";
import { Diff } from "../../ui/diff";
import { counted, phone } from "../../ui/phone";
import { Time } from "../../ui/time";
import { addressOf, nameIn, whatText, whoParts } from "./words";

/** So few are shown at once; more only to whoever asks. */
const SHOWN_MAX = 4;

export function Entry({ entry, narrow }: { entry: AuditEntry; narrow: (by: "who" | "subject") => void }) {
  const [open, setOpen] = useState(false);
  const changes = changesBetween(entry.before, entry.after);
  const isShort = changes.length <= SHOWN_MAX;
  const who = whoParts(entry.who);
  const job = who.id?.startsWith("job_") === true ? who.id : undefined;
  return (
    <li className="audit-entry">
      <div className="audit-head">
        <Time at={entry.at} as="seconds" />
        <span>
          <span className="strong" title={entry.what}>
            {whatText(entry.what)}
          </span>{" "}
          <Subject entry={entry} />{" "}
          <Button look="quiet" onPress={() => narrow("subject")} aria-label={`Only what was done to ${entry.subject}`}>
            <code className="small">{entry.subject}</code>
          </Button>
        </span>
        <span className="audit-who">
          <Button look="quiet" onPress={() => narrow("who")} aria-label={`Only what ${who.name} did`}>
            {who.name}
          </Button>
          {job !== undefined && <Link href={`/jobs/${job}`}>by a job</Link>}
        </span>
      </div>
      {changes.length > 0 && (
        <div className="audit-changes">
          {isShort || open ? (
            <Diff changes={changes} isNew={(entry.before ?? null) === null} isGone={(entry.after ?? null) === null} />
          ) : null}
          {!isShort && (
            <Button look="quiet" onPress={() => setOpen(!open)} aria-expanded={open}>
              {open ? "Show less" : `Show ${counted(changes.length, "detail")}`}
            </Button>
          )}
        </div>
      )}
    </li>
  );
}

function Subject({ entry }: { entry: AuditEntry }) {
  const address = addressOf(entry.subject);
  const name = nameIn(entry);
  const text = name === null ? undefined : phone(name);
  if (text === undefined) return null;
  return address === null || entry.after === null ? text : <Link href={address}>{text}</Link>;
}
