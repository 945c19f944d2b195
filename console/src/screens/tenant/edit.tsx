// The form that changes what a tenant is. What was not touched is not sent, so it overwrites nothing of anybody.
import { useId, useState } from "react";
import { faultAt, http } from "../../api/client";
import type { ConnectChange, Tenant, TenantChange } from "../../api/schema";
import { Button } from "../../ui/button";
import { changesBetween } from "../../ui/changes";
import { Dialog } from "../../ui/dialog";
import { Diff } from "../../ui/diff";
import { Select, TextField } from "../../ui/field";
import { GuardedNote, useGuarded } from "../../ui/guarded";
import { SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { ZoneField } from "../../ui/zone-field";
import { VIA } from "./about";
import { identity } from "./changes";
import { changeOf, commandOf, draftOf, type TenantDraft } from "./edit-draft";
import { useRefresh, useReread } from "./stale";

export function EditTenant({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  // What somebody is writing is held against what they saw, however the page goes on behind it.
  const [seen, setSeen] = useState(tenant);
  const [draft, setDraft] = useState(() => draftOf(tenant));
  const refresh = useRefresh();
  const send = async (body: TenantChange, ifMatch: string) => {
    const params = { path: { id: tenant.id }, header: { "If-Match": ifMatch } };
    await http.PATCH("/api/tenants/{id}", { params, body });
    void refresh();
    say("Saved: it holds from the next call on");
  };
  const change = changeOf(seen, draft);
  const guarded = useGuarded(seen.version, send, useReread(tenant));
  const theirs = changesBetween(identity(seen), identity(tenant));
  const isClean = Object.keys(change).length === 0;
  const put = (part: Partial<TenantDraft>) => setDraft({ ...draft, ...part });
  const fault = (pointer: string) => faultAt(guarded.error, pointer);
  const save = async () => {
    if (isClean || (await guarded.run(change))) onClose();
  };
  const loadTheirs = () => {
    setSeen(tenant);
    setDraft(draftOf(tenant));
  };
  return (
    <Dialog title={`Edit ${seen.name}`} isOpen onClose={onClose} wide>
      <form
        className="stack wide"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div className="grid">
          <TextField
            label="Name"
            hint="Callers hear it"
            value={draft.name}
            onChange={(name) => put({ name })}
            error={fault("/name")}
          />
          <TextField
            label="Slug"
            hint="Its name in SIP addresses; telephone systems that dial it must change with it"
            value={draft.slug}
            onChange={(slug) => put({ slug })}
            error={fault("/slug")}
            mono
          />
          <ZoneField
            hint="Its settings and all times here are read on this clock"
            value={draft.timezone}
            onChange={(timezone) => put({ timezone })}
            error={fault("/timezone")}
          />
          <TextField
            label="Country"
            hint="Two letters"
            value={draft.country}
            onChange={(country) => put({ country })}
            error={fault("/country")}
          />
          <Select
            label="Who answers at Vapi"
            value={draft.targetKind}
            onChange={(targetKind) => put({ targetKind })}
            options={[
              { value: "shared", label: "The shared assistant of this installation" },
              { value: "assistant", label: "An assistant" },
              { value: "squad", label: "A squad" },
            ]}
          />
          {draft.targetKind !== "shared" && (
            <TextField
              label={draft.targetKind === "squad" ? "Id of the squad" : "Id of the assistant"}
              value={draft.targetId}
              onChange={(targetId) => put({ targetId })}
              error={fault("/target/id")}
              mono
            />
          )}
          <TextField
            label="Language"
            hint="As Twilio names it: en-US, fr-CA. Empty: as Twilio has it"
            value={draft.language}
            onChange={(language) => put({ language })}
            error={fault("/language")}
          />
          <TextField
            label="Voice"
            hint="As Twilio names it: Polly.Joanna-Neural. Empty: as Twilio has it"
            value={draft.voice}
            onChange={(voice) => put({ voice })}
            error={fault("/voice")}
          />
        </div>
        <Connecting draft={draft} put={put} fault={fault} hasPassword={seen.connect.hasPassword} />
        <GuardedNote of={guarded} onTheirs={loadTheirs} onMine={onClose}>
          {theirs.length > 0 && <Diff changes={theirs} zone={tenant.timezone} labels={["you saw", "they saved"]} />}
        </GuardedNote>
        <div className="row end">
          <SameBy
            cli={commandOf(seen, change)}
            request={{ method: "PATCH", path: `/api/tenants/${tenant.id}`, body: withoutPassword(change) }}
          />
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" type="submit" pending={guarded.busy} isDisabled={isClean}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Connecting({
  draft,
  put,
  fault,
  hasPassword,
}: {
  draft: TenantDraft;
  put: (part: Partial<TenantDraft>) => void;
  fault: (pointer: string) => string | undefined;
  hasPassword: boolean;
}) {
  const heading = useId();
  return (
    <section className="stack edit-part" aria-labelledby={heading}>
      <h3 id={heading}>How a call reaches Vapi</h3>
      <div className="grid">
        <Select
          label="By"
          value={draft.via}
          onChange={(via) => put({ via })}
          options={(["sip", "bypass", "redirect"] as const).map((via) => ({ value: via, label: VIA[via] }))}
        />
        <TextField
          label="The AI may ring, in seconds"
          hint="Then the fallback takes the call. Empty: 12"
          value={draft.timeoutSeconds}
          onChange={(timeoutSeconds) => put({ timeoutSeconds })}
          error={fault("/connect/timeoutSeconds") ?? fault("/connect/via")}
          inputMode="numeric"
        />
        {draft.via === "sip" && (
          <>
            <TextField
              label="SIP address"
              hint="Made when a number is set up; change it only for an address of your own"
              value={draft.sipUri}
              onChange={(sipUri) => put({ sipUri })}
              error={fault("/connect/sipUri")}
              mono
            />
            <TextField
              label="User name there"
              value={draft.username}
              onChange={(username) => put({ username })}
              error={fault("/connect/username")}
              autoComplete="off"
              mono
            />
            <TextField
              label="Password there"
              type="password"
              hint={hasPassword ? "One is set and never shown. Empty: it stays" : "None is set"}
              value={draft.password}
              onChange={(password) => put({ password })}
              error={fault("/connect/password")}
              autoComplete="new-password"
              mono
            />
          </>
        )}
      </div>
    </section>
  );
}

/** A secret is no part of a line that is copied. */
function withoutPassword(change: TenantChange): TenantChange {
  if (change.connect?.password == null) return change;
  const connect: ConnectChange = { ...change.connect, password: "…" };
  return { ...change, connect };
}
