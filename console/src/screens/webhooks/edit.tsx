// An endpoint is changed: where it is, what it is told of.
import { type FormEvent, useState } from "react";
import { http, Refused, words } from "../../api/client";
import type { Webhook } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Conflict } from "../../ui/conflict";
import { Dialog } from "../../ui/dialog";
import { useSave } from "../../ui/guarded-save";
import { SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { useChanged } from "./changed";
import { bodyOf, type Fields, FieldsOf, isWhole } from "./form";

function fieldsOf(webhook: Webhook): Fields {
  return { url: webhook.url, events: webhook.events, description: webhook.description ?? "" };
}

export function Edit({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const [fields, setFields] = useState(() => fieldsOf(webhook));
  const changed = useChanged();
  const body = bodyOf(fields);
  const save = useSave(async (ifMatch) => {
    const params = { path: { id: webhook.id }, header: { "If-Match": ifMatch } };
    await http.PATCH("/api/webhooks/{id}", { params, body });
  });
  const run = async (version: number) => {
    const isSaved = await save.run(version);
    await changed();
    if (!isSaved) return;
    say("The webhook is changed");
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(webhook.version);
  };
  const at = (pointer: string) => (save.error instanceof Refused ? save.error.at(pointer) : undefined);
  const isPlaced = ["/url", "/events", "/description"].some((pointer) => at(pointer) !== undefined);
  return (
    <Dialog title="Change the webhook" isOpen onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <FieldsOf fields={fields} onChange={setFields} at={at} />
        {save.overtaken && (
          <Conflict
            busy={save.busy}
            onMine={() => void run(webhook.version)}
            onTheirs={() => {
              setFields(fieldsOf(webhook));
              save.forget();
            }}
          />
        )}
        {save.error !== undefined && !isPlaced && <Note tone="bad">{words(save.error)}</Note>}
        <div className="row end">
          <SameBy request={{ method: "PATCH", path: `/api/webhooks/${webhook.id}`, body }} />
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" type="submit" pending={save.busy} isDisabled={!isWhole(fields) || save.overtaken}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
