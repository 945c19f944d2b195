// How a business is reached, said in a form: its number, and what the chosen way needs to know.
import { useState } from "react";
import { faultsOf, http, Refused } from "../../api/client";
import type { GuideMethod, PhoneIntegration, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Choice, Switch, TextField } from "../../ui/field";
import { GuardedNote, useCompared } from "../../ui/guarded";
import { plain } from "../../ui/job-words";
import { Facts, Panel } from "../../ui/page";
import { phone } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { dialled, isNumber } from "../numbers/number-words";
import { useStale } from "../numbers/stale";
import type { Secret } from "./once";
import { changeOf, commandOf, METHODS, type Said, saidOf } from "./say-words";

/** What is configured, or null: nothing has been said yet. */
export async function readPhone(id: string): Promise<PhoneIntegration | null> {
  try {
    return (await http.GET("/api/tenants/{id}/phone-integration", { params: { path: { id } } })).data ?? null;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

export function Say({
  tenant,
  method,
  known,
  onSecret,
}: {
  tenant: Tenant;
  method: GuideMethod;
  known: PhoneIntegration | null;
  onSecret: (secret: Secret) => void;
}) {
  const { mayChange } = useSession();
  const isSaid = known?.method === method;
  const [open, setOpen] = useState(false);
  return (
    <Panel title="1. Say how it is reached">
      {mayChange && (!isSaid || open) ? (
        <SayForm tenant={tenant} method={method} known={known} onSecret={onSecret} onDone={() => setOpen(false)} />
      ) : isSaid ? (
        <WhatIsSaid known={known} {...(mayChange ? { onChange: () => setOpen(true) } : {})} />
      ) : (
        <p className="soft">Not said yet. Your token may look, and change nothing.</p>
      )}
    </Panel>
  );
}

function WhatIsSaid({ known, onChange }: { known: PhoneIntegration; onChange?: () => void }) {
  const facts: [string, string][] = [["Its number", phone(known.phoneNumber ?? known.clinicNumber ?? "")]];
  if (known.currentCarrier !== undefined) facts.push(["Carrier", known.currentCarrier]);
  if (known.wantsTemporaryNumber === true) facts.push(["Meanwhile", "Another number is got, to forward to"]);
  if (known.temporaryNumber !== undefined) facts.push(["Temporary number", phone(known.temporaryNumber)]);
  if (known.pbxType !== undefined) facts.push(["Phone system", known.pbxType]);
  if (known.method === "sip") {
    const ips = known.sourceIps ?? [];
    facts.push([
      "Let in by",
      ips.length > 0 ? ips.join(", ") : `Name and password, as ${known.sipUsername ?? "it is told"}`,
    ]);
    const ours =
      known.twilioSipNumber !== undefined
        ? phone(known.twilioSipNumber)
        : known.needsPhoneNumber === true
          ? "Comes with the deployment"
          : "None: the SIP address is enough";
    facts.push(["Number of ours", ours]);
  }
  if (known.twilioForwardNumber !== undefined) facts.push(["Forwards to", phone(known.twilioForwardNumber)]);
  return (
    <div className="stack">
      <Facts of={facts} />
      {known.notes !== undefined && known.notes.length > 0 && (
        <Note>
          {known.notes.map((line) => (
            <p key={line}>
              {plain(line)
                .replace(/^Note: /, "")
                .replace(/^✓ /, "")}
            </p>
          ))}
        </Note>
      )}
      {onChange !== undefined && (
        <div>
          <Button onPress={onChange}>Change it</Button>
        </div>
      )}
    </div>
  );
}

function SayForm({
  tenant,
  method,
  known,
  onSecret,
  onDone,
}: {
  tenant: Tenant;
  method: GuideMethod;
  known: PhoneIntegration | null;
  onSecret: (secret: Secret) => void;
  onDone: () => void;
}) {
  const [seen, setSeen] = useState(known);
  const [said, setSaid] = useState<Said>(() => saidOf(known));
  const stale = useStale("/api/tenants");
  const set = (change: Partial<Said>) => setSaid((before) => ({ ...before, ...change }));
  const body = changeOf(method, said, seen);
  const send = async (what: typeof body) => {
    const params = { path: { id: tenant.id } };
    const { data } = await http.PUT("/api/tenants/{id}/phone-integration", { params, body: what });
    if (data?.sipPassword !== undefined) {
      onSecret({ username: data.sipUsername ?? "", password: data.sipPassword });
    }
    await stale();
    say("Kept. Nothing is bought or set up before you deploy.");
  };
  const read = () => readPhone(tenant.id);
  const guarded = useCompared(seen, send, read);
  const save = async () => {
    if (await guarded.run(body)) onDone();
  };
  const loadTheirs = async () => {
    const theirs = await read();
    setSeen(theirs);
    setSaid(saidOf(theirs));
  };
  const faults = faultsOf(guarded.error);
  const fault = (...pointers: string[]) =>
    faults.find((one) => pointers.some((p) => one.pointer.startsWith(p)))?.detail;
  const shownAtField = faults.some((one) =>
    /^\/(phoneNumber|clinicNumber|sourceIps|areaCode|currentCarrier|pbxType)/.test(one.pointer),
  );
  const moves = method === "ported";
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="fields">
        <TextField
          label={moves ? "The number that moves" : "The number its callers know"}
          type="tel"
          inputMode="tel"
          value={said.number}
          onChange={(number) => set({ number })}
          error={fault("/phoneNumber", "/clinicNumber")}
          hint={isNumber(dialled(said.number)) ? phone(dialled(said.number)) : "With its country: +1 312 555 0188"}
          autoComplete="off"
        />
        {moves && (
          <TextField
            label="The carrier it is with"
            value={said.carrier}
            onChange={(carrier) => set({ carrier })}
            error={fault("/currentCarrier")}
            autoComplete="off"
          />
        )}
        {method === "sip" && (
          <TextField
            label="Its phone system"
            value={said.pbx}
            onChange={(pbx) => set({ pbx })}
            error={fault("/pbxType")}
            placeholder="FreePBX, RingCentral, 3CX"
            autoComplete="off"
          />
        )}
        {(method === "forwarded" || (method === "sip" && said.wantsNumber) || (moves && said.temporary)) && (
          <TextField
            label="Area code of the number it gets"
            value={said.areaCode}
            onChange={(areaCode) => set({ areaCode })}
            error={fault("/areaCode")}
            inputMode="numeric"
            hint="Empty: any that can be had"
            autoComplete="off"
          />
        )}
      </div>
      {moves && (
        <Switch isSelected={said.temporary} onChange={(temporary) => set({ temporary })}>
          Get a temporary number meanwhile, to forward calls to until the day of the move
        </Switch>
      )}
      {method === "sip" && (
        <>
          <Choice
            label="How its phone system is let in"
            value={said.signsIn}
            onChange={(signsIn) => set({ signsIn })}
            options={[
              {
                value: "password",
                label: "By name and password",
                hint: "Told once, when you keep this. Works anywhere.",
              },
              { value: "address", label: "By its address", hint: "For a system with a fixed public IPv4 address." },
            ]}
          />
          {said.signsIn === "address" && (
            <TextField
              label="Public addresses it calls from"
              lines={3}
              mono
              value={said.addresses}
              onChange={(addresses) => set({ addresses })}
              error={fault("/sourceIps")}
              hint="One a line: 203.0.113.7 or 203.0.113.0/28"
            />
          )}
          {seen?.twilioSipNumber === undefined && (
            <Switch isSelected={said.wantsNumber} onChange={(wantsNumber) => set({ wantsNumber })}>
              Get a number of ours too: shown to staff as caller where a call is forwarded to them
            </Switch>
          )}
        </>
      )}
      <GuardedNote of={guarded} isPlaced={shownAtField} onMine={onDone} onTheirs={() => void loadTheirs()} />
      <div className="row">
        <Button look="primary" type="submit" pending={guarded.busy} isDisabled={!isNumber(dialled(said.number))}>
          Keep: {METHODS[method].name.toLowerCase()}
        </Button>
        {known?.method === method && <Button onPress={onDone}>Cancel</Button>}
        <SameBy
          cli={commandOf(tenant.slug, body)}
          request={{ method: "PUT", path: `/api/tenants/${tenant.id}/phone-integration`, body }}
        />
      </div>
    </form>
  );
}
