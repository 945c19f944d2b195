// How the calls of the last days would have gone with settings that are not saved.
import { useState } from "react";
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from "react-aria-components";
import { Link } from "wouter";
import { words } from "../../api/client";
import type { Decision, Replay } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { count, counted, phone } from "../../ui/phone";
import { reasonText } from "../../ui/reasons";
import { Time } from "../../ui/time";
import { askReplay } from "./asked";
import { useEditor } from "./editor";

/** As many changed calls as are worth a look here. */
const SHOWN_MAX = 8;

const DAY_MS = 24 * 60 * 60 * 1000;

export function TryReplay({ isDisabled }: { isDisabled: boolean }) {
  const { tenant, settings } = useEditor();
  const [replay, setReplay] = useState<Replay>();
  const [state, setState] = useState<{ days?: number; error?: unknown }>({});
  const ask = async (days: number) => {
    setState({ days });
    setReplay(undefined);
    const now = new Date();
    try {
      setReplay(await askReplay(tenant.id, settings, new Date(now.getTime() - days * DAY_MS), now));
      setState({});
    } catch (error) {
      setState({ error });
    }
  };
  return (
    <DialogTrigger>
      <AriaButton className="button" isDisabled={isDisabled}>
        Try on past calls
      </AriaButton>
      <Popover className="popover" placement="top end">
        <Dialog className="dialog" aria-label="Try on past calls">
          <p>How would past calls have gone with these settings? Nothing is saved, and nobody is called.</p>
          <div className="row">
            <Button pending={state.days === 1} onPress={() => void ask(1)}>
              The last day
            </Button>
            <Button pending={state.days === 7} onPress={() => void ask(7)}>
              The last 7 days
            </Button>
          </div>
          {state.error !== undefined && <Note tone="bad">{words(state.error)}</Note>}
          <div role="status">{replay !== undefined && <Result replay={replay} />}</div>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Result({ replay }: { replay: Replay }) {
  const { tenant } = useEditor();
  if (replay.calls === 0) return <p>There were no calls in that time.</p>;
  return (
    <div className="stack">
      <p className="meaning">
        {replay.differ === 0
          ? `All ${counted(replay.calls, "call")} would go where they went.`
          : `${count(replay.differ)} of ${counted(replay.calls, "call")} would go elsewhere.`}
      </p>
      {replay.unknown > 0 && <p className="small soft">Of {counted(replay.unknown, "call")} too little is known.</p>}
      {replay.truncated && <p className="small soft">There were more calls than are looked at in one go.</p>}
      <ul className="list-plain stack tight small">
        {replay.changes.slice(0, SHOWN_MAX).map((change) => (
          <li key={change.sid} className="row">
            <Time at={change.at} zone={tenant.timezone} />
            <Link href={`/calls/${change.sid}`}>{phone(change.from)}</Link>
            <span>
              {who(change.then)} → {who(change.now)} <span className="soft">{reasonText(change.now.reason)}</span>
            </span>
          </li>
        ))}
      </ul>
      {replay.differ > SHOWN_MAX && <p className="small soft">and {count(replay.differ - SHOWN_MAX)} more</p>}
    </div>
  );
}

function who(decision: Decision): string {
  return decision.available ? "AI" : "not AI";
}
