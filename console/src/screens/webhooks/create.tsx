// A new endpoint. The secret that signs what it is sent is shown once.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { faultAt, http, onceKey, words } from "../../api/client";
import type { NewWebhook, WebhookWithSecret } from "../../api/schema";
import { useSession } from "../../app/session";
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Choice } from "../../ui/field";
import { OrgPick, TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { Secret } from "../../ui/secret";
import { bodyOf, type Fields, FieldsOf, isWhole } from "./form";

type Scope = "all" | "org" | "tenant";

export function Create({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<WebhookWithSecret>();
  const [, go] = useLocation();
  const close = () => {
    onClose();
    if (made !== undefined) go(`/webhooks/${made.id}`);
  };
  return (
    <Dialog title={made === undefined ? "New webhook" : "The webhook is made"} isOpen onClose={close}>
      {made === undefined ? (
        <Form onClose={onClose} onMade={setMade} />
      ) : (
        <div className="stack">
          <Secret what="the secret" text={made.secret}>
            <p>
              The receiver checks the signature of what it is sent with it. Put it there now; it can be rotated later.
            </p>
          </Secret>
          <div className="row end">
            <Button look="primary" onPress={close}>
              Go to the webhook
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

function Form({ onClose, onMade }: { onClose: () => void; onMade: (webhook: WebhookWithSecret) => void }) {
  const { isOperator, onlyTenant } = useSession();
  const queries = useQueryClient();
  const [fields, setFields] = useState<Fields>({ url: "", events: ["call.ended"], description: "" });
  const [scope, setScope] = useState<Scope>("all");
  const [org, setOrg] = useState("");
  const [tenant, setTenant] = useState("");
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const body: NewWebhook = {
    ...bodyOf(fields),
    ...(scope === "org" && org !== "" ? { orgId: org } : {}),
    ...(scope === "tenant" && tenant !== "" ? { tenantId: tenant } : {}),
  };
  const isScoped = scope === "all" || (scope === "org" ? org : tenant) !== "";
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      const header = { "Idempotency-Key": onceKey() };
      const answer = await http.POST("/api/webhooks", { body, params: { header } });
      await queries.invalidateQueries({ queryKey: ["get", "/api/webhooks"] });
      if (answer.data !== undefined) onMade(answer.data);
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  const at = (pointer: string) => faultAt(state.error, pointer);
  const isPlaced = ["/url", "/events", "/description"].some((pointer) => at(pointer) !== undefined);
  const scopes: { value: Scope; label: string }[] = [
    { value: "all", label: isOperator ? "Everybody" : "All our tenants" },
    ...(isOperator ? [{ value: "org" as const, label: "An organization" }] : []),
    { value: "tenant", label: "One tenant" },
  ];
  return (
    <form className="stack" onSubmit={submit}>
      <FieldsOf fields={fields} onChange={setFields} at={at} />
      {onlyTenant === null && <Choice label="Events of" value={scope} onChange={setScope} options={scopes} />}
      {scope === "tenant" && <TenantPick label="Which tenant" value={tenant} onChange={setTenant} />}
      {scope === "org" && <OrgPick label="Which organization" value={org} onChange={setOrg} />}
      {state.error !== undefined && !isPlaced && <Note tone="bad">{words(state.error)}</Note>}
      <div className="row end">
        <SameBy request={{ method: "POST", path: "/api/webhooks", body }} />
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" type="submit" pending={state.busy} isDisabled={!isWhole(fields) || !isScoped}>
          Create
        </Button>
      </div>
    </form>
  );
}
