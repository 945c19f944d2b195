// A number the business has already: written down here, and made to lead here if wanted.
import { useState } from "react";
import { faultAt, http, onceKey, words } from "../../api/client";
import type { OwnedNumber } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Checkbox, Select, Switch, TextField } from "../../ui/field";
import { JobFollow } from "../../ui/job-follow";
import { phone } from "../../ui/phone";
import { TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { dialled, isNumber } from "./number-words";
import { useStale } from "./stale";

export interface Begun {
  e164?: string;
  accountSid?: string | null;
  tenantId?: string;
}

export function RecordDialog({ begun, onClose }: { begun: Begun | undefined; onClose: () => void }) {
  return (
    <Dialog title="Record a number you have" isOpen={begun !== undefined} onClose={onClose}>
      {begun !== undefined && <RecordForm begun={begun} onClose={onClose} />}
    </Dialog>
  );
}

function RecordForm({ begun, onClose }: { begun: Begun; onClose: () => void }) {
  const [number, setNumber] = useState(begun.e164 ?? "");
  const [tenantId, setTenantId] = useState(begun.tenantId ?? "");
  const [account, setAccount] = useState(begun.accountSid ?? "");
  const [purpose, setPurpose] = useState<"calls" | "voicemail">("calls");
  const [overflowed, setOverflowed] = useState(false);
  const [wire, setWire] = useState(false);
  const [state, setState] = useState<{ busy: boolean; error?: unknown; job?: string }>({ busy: false });
  const stale = useStale("/api/jobs");
  const e164 = dialled(number);
  const body: OwnedNumber = {
    e164,
    ...(tenantId === "" ? {} : { tenantId }),
    ...(account.trim() === "" ? {} : { accountSid: account.trim() }),
    purpose,
    alreadyOverflowed: overflowed,
    wire,
  };
  // Another number is another deed; the same one sent twice is not.
  const [once, setOnce] = useState({ of: "", key: "" });

  const run = async () => {
    const of = JSON.stringify(body);
    const key = once.of === of ? once.key : onceKey();
    setOnce({ of, key });
    setState({ busy: true });
    try {
      const { data } = await http.POST("/api/numbers/owned", { params: { header: { "Idempotency-Key": key } }, body });
      await stale();
      if (data !== undefined && "jobId" in data) {
        setState({ busy: false, job: data.jobId });
        return;
      }
      say(`${phone(e164)} is recorded`);
      onClose();
    } catch (error) {
      setState({ busy: false, error });
    }
  };

  if (state.job !== undefined) {
    return (
      <>
        <p>{phone(e164)} is recorded. Now it is made to lead here:</p>
        <JobFollow id={state.job} onEnd={() => void stale()} />
        <div className="row end">
          <Button look="primary" onPress={onClose}>
            Close
          </Button>
        </div>
      </>
    );
  }
  const at = (pointer: string) => faultAt(state.error, pointer);
  const named = ["/e164", "/tenantId", "/accountSid"].some((pointer) => at(pointer) !== undefined);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <TextField
        label="Number"
        type="tel"
        inputMode="tel"
        mono
        autoFocus
        autoComplete="off"
        value={number}
        onChange={setNumber}
        error={at("/e164")}
        hint={isNumber(e164) ? `Will be written down as ${phone(e164)}` : "With its country: +1 647 555 0123"}
      />
      <TenantPick
        label="Leads to"
        hint="Left empty it goes into the pool, for whoever needs one next."
        value={tenantId}
        onChange={setTenantId}
        error={at("/tenantId")}
      />
      <TextField
        label="Twilio account that carries it"
        mono
        value={account}
        onChange={setAccount}
        error={at("/accountSid")}
        hint="Begins with AC. Where it is told, calls from any other account are refused."
        autoComplete="off"
      />
      <Select
        label="What it is for"
        value={purpose}
        onChange={setPurpose}
        options={[
          { value: "calls", label: "Calls, decided by the tenant's settings" },
          { value: "voicemail", label: "Voicemail only" },
        ]}
      />
      <Checkbox isSelected={overflowed} onChange={setOverflowed}>
        Only calls that nobody took are sent to it
      </Checkbox>
      <Switch isSelected={wire} onChange={setWire}>
        Make it lead here at its provider too
      </Switch>
      <p className="small soft">
        {wire
          ? "A job writes our addresses at Twilio, makes it known to Vapi, and reads both back."
          : "Only written down: no provider is asked or changed."}
      </p>
      {state.error !== undefined && !named && <Note tone="bad">{words(state.error)}</Note>}
      <div className="row end">
        <SameBy request={{ method: "POST", path: "/api/numbers/owned", body }} />
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" pending={state.busy} isDisabled={!isNumber(e164)}>
          Record it
        </Button>
      </div>
    </form>
  );
}
