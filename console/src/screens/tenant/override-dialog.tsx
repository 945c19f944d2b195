// A decision by hand with an end and a note of one's own, on the clock of the business.

import { useState } from "react";
import { faultAt } from "../../api/client";
import type { Forced, Tenant } from "../../api/schema";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Choice, TextField } from "../../ui/field";
import { GuardedNote } from "../../ui/guarded";
import { SameBy } from "../../ui/same-by";
import { timeText, useNow } from "../../ui/time";
import { Away } from "./now";
import { commandOf, useOverride } from "./override";
import { instantOf, proposed } from "./override-ends";

export function OverrideDialog({
  tenant,
  state: begun,
  onClose,
}: {
  tenant: Tenant;
  state: Forced;
  onClose: () => void;
}) {
  const [state, setState] = useState(begun);
  const [local, setLocal] = useState(() => proposed(Date.now(), tenant.timezone));
  const [note, setNote] = useState("");
  const deeds = useOverride(tenant);
  const now = useNow(5000);
  const until = instantOf(local, tenant.timezone);
  const isPast = until !== undefined && Date.parse(until) <= now;
  const fault = until === undefined ? "Give a day and a time" : isPast ? "This is over already" : undefined;
  const what = { state, until: until ?? null, ...(note.trim() === "" ? {} : { note: note.trim() }) };
  const run = async () => {
    if (await deeds.run(what)) onClose();
  };
  return (
    <Dialog title="Decide by hand" isOpen onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) void run();
        }}
      >
        <Choice
          label="From the next call on"
          value={state}
          onChange={setState}
          options={[
            { value: "force-fallback", label: "The AI is off", hint: "Every caller gets the fallback" },
            { value: "force-ai", label: "The AI is on", hint: "It answers every caller" },
          ]}
        />
        <TextField
          label={`Until, on the clock of ${tenant.timezone}`}
          type="datetime-local"
          value={local}
          onChange={setLocal}
          error={fault ?? faultAt(deeds.error, "/until")}
          hint={
            until !== undefined && !isPast ? (
              <>
                {timeText(until, tenant.timezone, "full")} · <Away at={until} />
              </>
            ) : undefined
          }
        />
        <TextField
          label="Why (optional)"
          hint="For whoever wonders later"
          value={note}
          onChange={setNote}
          error={faultAt(deeds.error, "/note")}
        />
        <GuardedNote of={deeds} onTheirs={onClose} onMine={onClose} />
        <div className="row end">
          <SameBy
            cli={commandOf(tenant, what)}
            request={{ method: "PUT", path: `/api/tenants/${tenant.id}/override`, body: what }}
          />
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" type="submit" pending={deeds.busy} isDisabled={fault !== undefined}>
            {state === "force-ai" ? "Switch the AI on" : "Switch the AI off"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
