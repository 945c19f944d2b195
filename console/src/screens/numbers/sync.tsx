// Numbers that Vapi has and nobody here knows: first shown, then taken into the pool.
import { useState } from "react";
import { http, onceKey } from "../../api/client";
import type { NumbersSynced, SyncOutcome } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { counted, phone } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Empty, Failed } from "../../ui/states";
import { say } from "../../ui/toast";
import { useStale } from "./stale";

const OUTCOMES: Record<SyncOutcome, string> = {
  recorded: "New to us",
  known: "Known",
  completed: "Known, Vapi's id is new",
  skipped: "Passed over",
};

export function Sync() {
  const [state, setState] = useState<{ open: boolean; busy: boolean; seen?: NumbersSynced; error?: unknown }>({
    open: false,
    busy: false,
  });
  const stale = useStale();
  const run = async (dryRun: boolean) => {
    setState({ ...state, open: true, busy: true, error: undefined });
    try {
      const { data } = await http.POST("/api/numbers/sync", {
        params: { header: { "Idempotency-Key": onceKey() } },
        body: { dryRun },
      });
      if (dryRun && data !== undefined) setState({ open: true, busy: false, seen: data });
      else {
        await stale();
        setState({ open: false, busy: false });
        say("What Vapi has is recorded");
      }
    } catch (error) {
      setState({ open: true, busy: false, error });
    }
  };
  const fresh = (state.seen?.data ?? []).filter(({ outcome }) => outcome === "recorded" || outcome === "completed");
  const close = () => setState({ open: false, busy: false });
  return (
    <>
      <Button pending={state.busy && !state.open} onPress={() => void run(true)}>
        Take in what Vapi has
      </Button>
      <Dialog title="Numbers at Vapi" isOpen={state.open} onClose={close}>
        {state.error !== undefined && <Failed error={state.error} retry={() => void run(true)} />}
        {state.seen !== undefined && (
          <>
            <p className="soft">
              Those we do not know go into the pool. Nothing is changed at Vapi or Twilio: a number that is to lead here
              is made to afterwards.
            </p>
            {state.seen.data.length === 0 ? (
              <Empty title="Vapi has no numbers" />
            ) : (
              <ul className="list-plain stack tight">
                {state.seen.data.map((one) => (
                  <li key={one.vapiNumberId} className="row">
                    <span className="strong">
                      {one.e164 === null ? <code>{one.vapiNumberId}</code> : phone(one.e164)}
                    </span>
                    <Badge tone={one.outcome === "recorded" ? "good" : "plain"}>{OUTCOMES[one.outcome]}</Badge>
                    {one.detail !== null && <span className="small soft">{one.detail}</span>}
                  </li>
                ))}
              </ul>
            )}
          </>
        )}
        <div className="row end">
          <SameBy cli="patchbay numbers sync" request={{ method: "POST", path: "/api/numbers/sync", body: {} }} />
          <Button onPress={close}>Cancel</Button>
          <Button
            look="primary"
            pending={state.busy}
            isDisabled={state.seen === undefined || fresh.length === 0}
            onPress={() => void run(false)}
          >
            {fresh.length === 0 ? "Nothing to record" : `Record ${counted(fresh.length, "number")}`}
          </Button>
        </div>
      </Dialog>
    </>
  );
}
