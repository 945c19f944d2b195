// One endpoint: what it is told of, its secret, and every delivery with what the receiver made of it.
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { api, http, onceKey, words } from "../../api/client";
import type { Webhook } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Confirm, Dialog } from "../../ui/dialog";
import { KnownPage } from "../../ui/known-page";
import { Facts, Page, Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { Secret } from "../../ui/secret";
import { ownZone, Time } from "../../ui/time";
import { say } from "../../ui/toast";
import { useChanged } from "./changed";
import { Deliveries } from "./deliveries";
import { Edit } from "./edit";
import { Scope } from "./webhooks";
import { EVENTS, standing } from "./words";
import "./webhooks.css";

export default function WebhookScreen({ id }: { id: string }) {
  const webhook = api.useQuery("get", "/api/webhooks/{id}", { params: { path: { id } } });
  return (
    <KnownPage title="Webhook" query={webhook}>
      {(known) => <WebhookPage webhook={known} />}
    </KnownPage>
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function WebhookPage({ webhook }: { webhook: Webhook }) {
  const { mayChange } = useSession();
  const [edits, setEdits] = useState(false);
  const { text, tone, why } = standing(webhook);
  return (
    <Page
      title={hostOf(webhook.url)}
      lead={
        <span className="row">
          <Badge tone={tone}>{text}</Badge>
          <span>
            <Link href="/webhooks">Webhooks</Link> · <code>{webhook.id}</code> · times in {ownZone}
          </span>
        </span>
      }
      actions={
        <>
          {mayChange && <Test webhook={webhook} />}
          {mayChange && <Button onPress={() => setEdits(true)}>Change</Button>}
          {!mayChange && <SameBy request={{ method: "GET", path: `/api/webhooks/${webhook.id}` }} />}
        </>
      }
    >
      {!webhook.enabled && (
        <Note
          tone={webhook.disabledReason === null ? "plain" : "warn"}
          title="Nothing is sent, and nothing is gathered"
        >
          <p>{why} What happened meanwhile is not told later.</p>
        </Note>
      )}
      <div className="pair">
        <Panel title="About it">
          <Facts
            of={[
              ["Address", <code key="url">{webhook.url}</code>],
              ["Told of", <Told key="told" of={webhook} />],
              ["Events of", <Scope key="scope" of={webhook} />],
              [
                "Description",
                webhook.description ?? (
                  <span key="none" className="soft">
                    none
                  </span>
                ),
              ],
              ["Made", <Time key="made" at={webhook.createdAt} as="full" />],
            ]}
          />
        </Panel>
        <Panel title="Secret and standing">
          <p className="soft">
            Everything is signed as <a href="https://www.standardwebhooks.com/">Standard Webhooks</a> says: the receiver
            checks <code>webhook-signature</code> with its secret.
          </p>
          {mayChange ? <Standing webhook={webhook} /> : <p className="small soft">This token may only look.</p>}
        </Panel>
      </div>
      <Deliveries webhook={webhook} />
      {edits && <Edit webhook={webhook} onClose={() => setEdits(false)} />}
    </Page>
  );
}

function Told({ of: webhook }: { of: Webhook }) {
  const label = (event: string) => EVENTS.find(({ value }) => value === event)?.label ?? event;
  return (
    <ul className="list-plain">
      {webhook.events.map((event) => (
        <li key={event}>
          {label(event)} <code className="small soft">{event}</code>
        </li>
      ))}
    </ul>
  );
}

function Test({ webhook }: { webhook: Webhook }) {
  const [busy, setBusy] = useState(false);
  const changed = useChanged();
  const test = async () => {
    setBusy(true);
    try {
      const params = { path: { id: webhook.id }, header: { "Idempotency-Key": onceKey() } };
      await http.POST("/api/webhooks/{id}/test", { params });
      say("A test goes out now; what comes of it stands below");
      await changed();
    } catch (error) {
      say(words(error), "bad");
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button look="primary" isDisabled={!webhook.enabled} pending={busy} onPress={() => void test()}>
        Send a test
      </Button>
      <SameBy request={{ method: "POST", path: `/api/webhooks/${webhook.id}/test` }} />
    </>
  );
}

function Standing({ webhook }: { webhook: Webhook }) {
  const [asks, setAsks] = useState<"rotate" | "toggle" | "delete">();
  const [secret, setSecret] = useState<string>();
  const [, go] = useLocation();
  const changed = useChanged();
  const close = () => setAsks(undefined);
  const path = { id: webhook.id };
  const enabled = !webhook.enabled;
  return (
    <>
      <div className="row">
        <Button onPress={() => setAsks("rotate")}>Rotate the secret</Button>
        <SameBy request={{ method: "POST", path: `/api/webhooks/${webhook.id}/rotate`, body: {} }} />
      </div>
      <div className="row">
        <Button onPress={() => setAsks("toggle")}>{enabled ? "Switch on" : "Switch off"}</Button>
        <SameBy request={{ method: "PATCH", path: `/api/webhooks/${webhook.id}`, body: { enabled } }} />
        <Button look="danger" onPress={() => setAsks("delete")}>
          Delete
        </Button>
        <SameBy request={{ method: "DELETE", path: `/api/webhooks/${webhook.id}` }} />
      </div>
      <Confirm
        title="Rotate the secret?"
        isOpen={asks === "rotate"}
        onClose={close}
        verb="Rotate"
        deed={async () => {
          const params = { path, header: { "Idempotency-Key": onceKey() } };
          const answer = await http.POST("/api/webhooks/{id}/rotate", { params, body: {} });
          setSecret(answer.data?.secret);
          await changed();
        }}
      >
        <p>A new secret is made. For 24 hours everything is signed with both, so nothing is refused meanwhile.</p>
      </Confirm>
      <Confirm
        title={enabled ? "Switch it on?" : "Switch it off?"}
        isOpen={asks === "toggle"}
        onClose={close}
        verb={enabled ? "Switch on" : "Switch off"}
        deed={async () => {
          const header = { "If-Match": `"${webhook.version}"` };
          await http.PATCH("/api/webhooks/{id}", { params: { path, header }, body: { enabled } }).finally(changed);
          say(enabled ? "It is told again" : "It is told nothing more");
        }}
      >
        <p>
          {enabled
            ? "It is told of what happens from now on. What was given up meanwhile can be sent again."
            : "What it was still to be sent is given up, and can be sent again. Nothing new is gathered for it."}
        </p>
      </Confirm>
      <Confirm
        title="Delete this webhook?"
        isOpen={asks === "delete"}
        onClose={close}
        verb="Delete"
        danger
        deed={async () => {
          const header = { "If-Match": `"${webhook.version}"` };
          await http.DELETE("/api/webhooks/{id}", { params: { path, header } });
          say("The webhook is gone");
          go("/webhooks");
          await changed();
        }}
      >
        <p>{hostOf(webhook.url)} is told nothing more. Everything it was sent goes from this list as well.</p>
      </Confirm>
      <Dialog title="The new secret" isOpen={secret !== undefined} onClose={() => setSecret(undefined)}>
        <Secret what="the new secret" text={secret ?? ""}>
          <p>Put it into the receiver within 24 hours; until then the one before is good as well.</p>
        </Secret>
        <div className="row end">
          <Button look="primary" onPress={() => setSecret(undefined)}>
            Done
          </Button>
        </div>
      </Dialog>
    </>
  );
}
