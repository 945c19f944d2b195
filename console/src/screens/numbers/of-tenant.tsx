// The numbers of one tenant, and the one that is on its way here from another carrier.
import { useState } from "react";
import { api, Refused } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Button, ButtonLink } from "../../ui/button";
import { useInUrl } from "../../ui/in-url";
import { Panel } from "../../ui/page";
import { counted, phone } from "../../ui/phone";
import { Empty } from "../../ui/states";
import { BuyDialog } from "./buy";
import { useTenantCosts } from "./costs";
import { Filters } from "./filters";
import { askedOf, GivenBack, NumberList } from "./list";
import { Astray, useLook } from "./look";
import { PortPanel } from "./port/port";
import { type Begun, RecordDialog } from "./record";
import "./numbers.css";

export default function Screen({ tenant }: { tenant: Tenant }) {
  const { mayChange } = useSession();
  const [params, change] = useInUrl();
  const [record, setRecord] = useState<Begun>();
  const { findings } = useLook();
  const costs = useTenantCosts(tenant.id);
  const asked = askedOf(params);
  const state = params.get("state");
  return (
    <>
      <Panel
        title="Numbers"
        lead={
          costs !== undefined && (
            <>
              {costs.monthly.text} a month
              {costs.freeNumbers > 0 && `, ${counted(costs.freeNumbers, "number")} of Vapi's free`} ·{" "}
              {costs.paidSoFar.text} so far, at today's prices
            </>
          )
        }
        actions={
          mayChange && (
            <>
              <Button onPress={() => setRecord({ tenantId: tenant.id })}>Record one you have</Button>
              <Button look="primary" onPress={() => change({ buy: "1" })}>
                Buy a number
              </Button>
            </>
          )
        }
      >
        <Filters byTenant={false} />
        {state === "astray" ? (
          <Astray
            only={tenant.id}
            onRecord={(e164, accountSid) => setRecord({ e164, accountSid, tenantId: tenant.id })}
          />
        ) : state === "released" ? (
          <GivenBack q={asked.q} tenantId={tenant.id} />
        ) : (
          <NumberList
            asked={{ ...asked, tenantId: tenant.id }}
            findings={findings}
            zone={tenant.timezone}
            ofTenant
            empty={
              <Empty
                title={Object.keys(asked).length > 0 ? "No number is like that" : `No number leads to ${tenant.name}`}
                action={<ButtonLink href={`/tenants/${tenant.id}/connect`}>Connect its phone</ButtonLink>}
              >
                Buy one, record one it has, or let connecting get it one. Over SIP it can do without.
              </Empty>
            }
          />
        )}
      </Panel>
      <Moving tenant={tenant} />
      <BuyDialog
        isOpen={mayChange && params.get("buy") !== null}
        onClose={() => change({ buy: undefined })}
        tenant={tenant}
      />
      <RecordDialog begun={record} onClose={() => setRecord(undefined)} />
    </>
  );
}

/** Only where the business is to be reached by a number that moves here; else how to begin with it. */
function Moving({ tenant }: { tenant: Tenant }) {
  const { data, error } = api.useQuery(
    "get",
    "/api/tenants/{id}/phone-integration",
    { params: { path: { id: tenant.id } } },
    { retry: false },
  );
  if (data?.method === "ported") return <PortPanel tenant={tenant} />;
  const unsaid = error instanceof Refused && error.status === 404;
  if (data === undefined && !unsaid) return null;
  return (
    <Panel
      title="Bring its own number here"
      actions={
        <ButtonLink href={`/tenants/${tenant.id}/connect?method=ported`}>
          {unsaid ? "Move a number" : "See what it takes"}
        </ButtonLink>
      }
    >
      <p className="soft">
        {data?.clinicNumber === undefined
          ? "A number of the United States can be moved here from its carrier. It takes 7 to 14 business days, and calls go on meanwhile."
          : `${phone(data.clinicNumber)} stays with its carrier as ${tenant.name} is connected now. It could move here instead, in 7 to 14 business days.`}
      </p>
    </Panel>
  );
}
