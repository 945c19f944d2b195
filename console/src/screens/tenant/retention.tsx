// How long what is known of a tenant's callers is kept.
import { useState } from "react";
import { api, faultAt, http } from "../../api/client";
import type { Retention, RetentionChange, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Select, TextField } from "../../ui/field";
import { GuardedNote, useGuarded } from "../../ui/guarded";
import { Facts, Panel } from "../../ui/page";
import { counted } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Known } from "../../ui/states";
import { say } from "../../ui/toast";
import { useRefresh } from "./stale";

type Kind = "callsDays" | "voicemailsDays" | "transcriptsDays";

const KINDS: { kind: Kind; label: string }[] = [
  { kind: "callsDays", label: "Calls" },
  { kind: "voicemailsDays", label: "Voicemails" },
  { kind: "transcriptsDays", label: "Words spoken" },
];

export function RetentionPanel({ tenant }: { tenant: Tenant }) {
  const { mayChange } = useSession();
  const [isOpen, setOpen] = useState(false);
  const kept = api.useQuery("get", "/api/tenants/{id}/retention", { params: { path: { id: tenant.id } } });
  return (
    <Panel
      title="Kept for"
      actions={mayChange && kept.data !== undefined ? <Button onPress={() => setOpen(true)}>Change</Button> : undefined}
    >
      <Known query={kept}>
        {(retention) => (
          <>
            <Facts
              of={[
                ...KINDS.map(({ kind, label }): [string, React.ReactNode] => [label, daysOf(retention, kind)]),
                [
                  "Recordings at Twilio",
                  retention.recordingAtTwilio === "delete" ? "Deleted once they are here" : "Left there",
                ],
              ]}
            />
            {isOpen && (
              <RetentionDialog
                tenant={tenant}
                retention={retention}
                reread={async () => (await kept.refetch()).data?.version ?? retention.version}
                onClose={() => setOpen(false)}
              />
            )}
          </>
        )}
      </Known>
    </Panel>
  );
}

function daysOf(retention: Retention, kind: Kind) {
  const own = retention[kind];
  if (own !== null) return counted(own, "day");
  return <span className="soft">{installation(retention, kind)}</span>;
}

function installation(retention: Retention, kind: Kind): string {
  const days = retention.installation[kind];
  return days === null ? "Until somebody erases it" : `${counted(days, "day")}, as the installation says`;
}

function RetentionDialog({
  tenant,
  retention,
  reread,
  onClose,
}: {
  tenant: Tenant;
  retention: Retention;
  reread: () => Promise<number>;
  onClose: () => void;
}) {
  const [version] = useState(retention.version);
  const asText = (days: number | null) => (days === null ? "" : String(days));
  const [draft, setDraft] = useState({
    callsDays: asText(retention.callsDays),
    voicemailsDays: asText(retention.voicemailsDays),
    transcriptsDays: asText(retention.transcriptsDays),
  });
  const [fate, setFate] = useState(retention.recordingAtTwilio);
  const refresh = useRefresh();
  const path = `/api/tenants/${tenant.id}/retention`;
  const send = async (body: RetentionChange, ifMatch: string) => {
    await http.PUT("/api/tenants/{id}/retention", {
      params: { path: { id: tenant.id }, header: { "If-Match": ifMatch } },
      body,
    });
    void refresh();
    say("Saved");
  };
  const guarded = useGuarded(version, send, reread);
  const days = (text: string) => (text.trim() === "" ? null : Number(text));
  const body: RetentionChange = {
    callsDays: days(draft.callsDays),
    voicemailsDays: days(draft.voicemailsDays),
    transcriptsDays: days(draft.transcriptsDays),
    recordingAtTwilio: fate,
  };
  const wrong = (text: string) => text.trim() !== "" && !/^\d+$/.test(text.trim());
  const save = async () => {
    if (await guarded.run(body)) onClose();
  };
  return (
    <Dialog title="How long it is kept" isOpen onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {KINDS.map(({ kind, label }) => (
          <TextField
            key={kind}
            label={`${label}, in days`}
            hint={`Empty: ${installation(retention, kind).toLowerCase()}`}
            value={draft[kind]}
            onChange={(text) => setDraft({ ...draft, [kind]: text })}
            error={wrong(draft[kind]) ? "Whole days, as 90" : faultAt(guarded.error, `/${kind}`)}
            inputMode="numeric"
          />
        ))}
        <Select
          label="Recordings at Twilio"
          value={fate}
          onChange={setFate}
          options={[
            { value: "delete", label: "Delete them there once they are here" },
            { value: "keep", label: "Leave them there" },
          ]}
        />
        <GuardedNote of={guarded} onTheirs={onClose} onMine={onClose} />
        <div className="row end">
          <SameBy request={{ method: "PUT", path, body }} />
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            pending={guarded.busy}
            isDisabled={Object.values(draft).some((text) => wrong(text))}
          >
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
