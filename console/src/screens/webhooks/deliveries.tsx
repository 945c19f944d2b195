// What an endpoint was sent, is to be sent, and was given up; each can be sent again.
import { useState } from "react";
import { api, http, onceKey, words } from "../../api/client";
import type { Delivery, DeliveryState, Webhook } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Code } from "../../ui/copy";
import { Confirm } from "../../ui/dialog";
import { Select } from "../../ui/field";
import { FilterBar, FilterText, useFilters } from "../../ui/filters";
import { Panel } from "../../ui/page";
import { byCursor, Paged } from "../../ui/pages";
import { counted } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Empty } from "../../ui/states";
import { Time } from "../../ui/time";
import { say } from "../../ui/toast";
import { useChanged } from "./changed";
import { DELIVERY_STATES, response, whatToDo } from "./words";

/** No event tells of deliveries: so often they are asked for while one is under way, and else. */
const BUSY_MS = 1500;
const IDLE_MS = 15_000;

const STATES = [
  { value: "", label: "Any" },
  ...Object.entries(DELIVERY_STATES).map(([value, { text }]) => ({ value, label: text })),
];

export function Deliveries({ webhook }: { webhook: Webhook }) {
  const { mayChange } = useSession();
  const filters = useFilters("state", "q");
  const { state, q } = filters.given;
  const [asks, setAsks] = useState(false);
  const changed = useChanged();
  const query = {
    limit: 50,
    ...(state === undefined ? {} : { state: state as DeliveryState }),
    ...(q === undefined ? {} : { q }),
  };
  const deliveries = api.useInfiniteQuery(
    "get",
    "/api/webhooks/{id}/deliveries",
    { params: { path: { id: webhook.id }, query } },
    {
      ...byCursor,
      refetchInterval: ({ state: { data } }) => {
        const isBusy = data?.pages.some((page) => page.data.some((one) => one.state === "pending" && one.attempts < 2));
        return isBusy === true ? BUSY_MS : IDLE_MS;
      },
    },
  );
  return (
    <Panel
      title="Deliveries"
      actions={
        mayChange && (
          <>
            <Button isDisabled={!webhook.enabled} onPress={() => setAsks(true)}>
              Send all given up again
            </Button>
            <SameBy request={{ method: "POST", path: `/api/webhooks/${webhook.id}/replay`, body: {} }} />
          </>
        )
      }
    >
      <FilterBar of={filters}>
        <Select label="State" value={state ?? ""} onChange={(value) => filters.set("state", value)} options={STATES} />
        <FilterText label="Type or id" name="q" placeholder="call.ended, msg_…" />
      </FilterBar>
      <Paged
        query={deliveries}
        empty={
          filters.any ? (
            <Empty title="No such delivery">Nothing fits what you asked for above.</Empty>
          ) : (
            <Empty title="Nothing was sent yet">
              {webhook.enabled ? "Send a test, or wait for the next event." : "It is off: nothing is sent to it."}
            </Empty>
          )
        }
      >
        {(rows: Delivery[]) => (
          <ol className="deliveries list-plain" aria-label="Deliveries">
            {rows.map((delivery) => (
              <Row key={delivery.id} delivery={delivery} webhook={webhook} />
            ))}
          </ol>
        )}
      </Paged>
      <Confirm
        title="Send all given up again?"
        isOpen={asks}
        onClose={() => setAsks(false)}
        verb="Send again"
        deed={async () => {
          const params = { path: { id: webhook.id }, header: { "Idempotency-Key": onceKey() } };
          const answer = await http.POST("/api/webhooks/{id}/replay", { params, body: {} });
          say(`${counted(answer.data?.replayed ?? 0, "delivery", "deliveries")} in line again`);
          await changed();
        }}
      >
        <p>The oldest goes first, each under the id it had: a receiver that keeps ids knows what it has already.</p>
      </Confirm>
    </Panel>
  );
}

function Row({ delivery, webhook }: { delivery: Delivery; webhook: Webhook }) {
  const { mayChange } = useSession();
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const changed = useChanged();
  const { text, tone } = DELIVERY_STATES[delivery.state];
  const todo = delivery.state === "delivered" ? undefined : whatToDo(delivery);
  const again = async () => {
    setBusy(true);
    try {
      const path = { id: webhook.id, messageId: delivery.id };
      const header = { "Idempotency-Key": onceKey() };
      await http.POST("/api/webhooks/{id}/deliveries/{messageId}/replay", { params: { path, header } });
      say("It is in line again");
      await changed();
    } catch (error) {
      say(words(error), "bad");
    } finally {
      setBusy(false);
    }
  };
  return (
    <li className="delivery">
      <div className="delivery-head">
        <span>
          <Badge tone={tone}>{delivery.state === "pending" && delivery.attempts > 0 ? "Tried again" : text}</Badge>
        </span>
        <div>
          <code>{delivery.type}</code> · <Time at={delivery.at} as="seconds" />
          <p className="small soft">
            {response(delivery)} · {counted(delivery.attempts, "attempt")}
            {delivery.nextAt !== null && (
              <>
                {" "}
                · next <Time at={delivery.nextAt} as="seconds" />
              </>
            )}
          </p>
          {todo !== undefined && <p className="small">{todo}</p>}
        </div>
        <div className="row">
          <Button
            look="quiet"
            onPress={() => setOpen(!open)}
            aria-expanded={open}
            aria-label={`${open ? "Hide" : "Show"} the body of ${delivery.id}`}
          >
            {open ? "Hide" : "Show"}
          </Button>
          {mayChange && (
            <Button
              isDisabled={!webhook.enabled || delivery.state === "pending"}
              pending={busy}
              onPress={() => void again()}
              aria-label={`Send again: ${delivery.id}`}
            >
              Send again
            </Button>
          )}
        </div>
      </div>
      {open && (
        <div className="delivery-body stack">
          <p className="small soft">
            The receiver sees it as <code>webhook-id: {delivery.id}</code>
          </p>
          <Code what="the body" text={JSON.stringify(delivery.payload, null, 2)} />
          {mayChange && (
            <SameBy
              request={{ method: "POST", path: `/api/webhooks/${webhook.id}/deliveries/${delivery.id}/replay` }}
            />
          )}
        </div>
      )}
    </li>
  );
}
