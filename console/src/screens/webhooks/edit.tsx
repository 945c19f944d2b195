// An endpoint is changed: where it is, what it is told of.
import { type FormEvent, useState } from "react";
import { faultAt, http } from "../../api/client";
import type { Webhook } from "../../api/schema";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { GuardedNote, useGuarded } from "../../ui/guarded";
import { SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { useChanged } from "./changed";
import { bodyOf, type Fields, FieldsOf, isWhole } from "./form";

function fieldsOf(webhook: Webhook): Fields {
  return { url: webhook.url, events: webhook.events, description: webhook.description ?? "" };
}

export function Edit({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  // What somebody is writing is held against what they saw, however the page goes on behind it.
  const [seen, setSeen] = useState(webhook);
  const [fields, setFields] = useState(() => fieldsOf(webhook));
  const changed = useChanged();
  const body = bodyOf(fields);
  const params = { path: { id: webhook.id } };
  const send = async (what: typeof body, ifMatch: string) => {
    await http.PATCH("/api/webhooks/{id}", { params: { ...params, header: { "If-Match": ifMatch } }, body: what });
    await changed();
    say("The webhook is changed");
  };
  const guarded = useGuarded(seen.version, send, async () => {
    const { data } = await http.GET("/api/webhooks/{id}", { params });
    void changed();
    return data?.version ?? webhook.version;
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await guarded.run(body)) onClose();
  };
  const at = (pointer: string) => faultAt(guarded.error, pointer);
  const isPlaced = ["/url", "/events", "/description"].some((pointer) => at(pointer) !== undefined);
  return (
    <Dialog title="Change the webhook" isOpen onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <FieldsOf fields={fields} onChange={setFields} at={at} />
        <GuardedNote
          of={guarded}
          isPlaced={isPlaced}
          onMine={onClose}
          onTheirs={() => {
            setSeen(webhook);
            setFields(fieldsOf(webhook));
          }}
        />
        <div className="row end">
          <SameBy request={{ method: "PATCH", path: `/api/webhooks/${webhook.id}`, body }} />
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            pending={guarded.busy}
            isDisabled={!isWhole(fields) || guarded.conflict !== undefined}
          >
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
