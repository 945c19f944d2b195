// How a business's calls come here: a way is chosen, said, set up, told to its carrier or phone system, and tried.
import { useEffect, useState } from "react";
import { api } from "../../api/client";
import type { GuideMethod, PhoneIntegration, Tenant } from "../../api/schema";
import { Button } from "../../ui/button";
import { useInUrl } from "../../ui/in-url";
import { Panel } from "../../ui/page";
import { Known } from "../../ui/states";
import { PortPanel } from "../numbers/port/port";
import "../numbers/numbers.css";
import { useQuery } from "@tanstack/react-query";
import { CallNow } from "./call-now";
import { Deploy } from "./deploy";
import { Guide } from "./guide";
import { Methods, useGuide } from "./methods";
import { Names } from "./names";
import { Once, type Secret } from "./once";
import { Progress } from "./progress";
import { readPhone, Say } from "./say";
import { METHODS, PBXES, type Pbx, pbxOf } from "./say-words";
import "./connect.css";

export default function Screen({ tenant }: { tenant: Tenant }) {
  // Not having said it yet is an answer too, so it is asked by hand; the key is that of the path, so events reach it.
  const query = useQuery({
    queryKey: ["get", "/api/tenants/{id}/phone-integration", { of: tenant.id }],
    queryFn: () => readPhone(tenant.id),
  });
  return <Known query={query}>{(known) => <Connect tenant={tenant} known={known} />}</Known>;
}

function methodOf(text: string | null): GuideMethod | undefined {
  return text === "ported" || text === "forwarded" || text === "sip" ? text : undefined;
}

function Connect({ tenant, known }: { tenant: Tenant; known: PhoneIntegration | null }) {
  const [params, change] = useInUrl();
  const [secret, setSecret] = useState<Secret>();
  const method = methodOf(params.get("method")) ?? known?.method;
  const compares = method === undefined || params.get("compare") !== null;
  const owned = api.useQuery("get", "/api/numbers/owned", {
    params: { query: { tenantId: tenant.id, state: "active", purpose: "calls", limit: 5 } },
  }).data?.data;
  const isSaid = known !== null && known.method === method;

  // A link to a part of the page: the part is not there when the address is read.
  useEffect(() => {
    const part = window.location.hash.slice(1);
    if (part !== "" && owned !== undefined) document.getElementById(part)?.scrollIntoView();
  }, [owned]);

  return (
    <>
      {secret !== undefined && <Once secret={secret} onDone={() => setSecret(undefined)} />}
      <Panel
        title={method === undefined ? "How shall its calls come here?" : METHODS[method].name}
        lead={
          method === undefined
            ? "Three ways; it can be changed later, and what works goes on working meanwhile."
            : undefined
        }
        actions={
          method !== undefined && (
            <Button aria-expanded={compares} onPress={() => change({ compare: compares ? undefined : "1" })}>
              {compares ? "Hide the other ways" : "Compare the three ways"}
            </Button>
          )
        }
      >
        {compares ? (
          <Methods
            tenant={tenant}
            known={known}
            chosen={method}
            onChoose={(next) => change({ method: next, compare: undefined })}
          />
        ) : (
          <Progress known={isSaid ? known : null} method={method} tenant={tenant} />
        )}
        {known !== null && !isSaid && method !== undefined && !compares && (
          <p className="soft">
            It is connected another way now: {METHODS[known.method].name.toLowerCase()}. That goes on working until you
            keep this one and deploy it.{" "}
            <Button look="quiet" onPress={() => change({ method: undefined })}>
              Back to that
            </Button>
          </p>
        )}
      </Panel>
      {method !== undefined && (
        <OneWay tenant={tenant} method={method} known={known} isSaid={isSaid} secret={secret} onSecret={setSecret} />
      )}
      <CallNow
        tenant={tenant}
        method={method}
        known={isSaid ? known : null}
        owned={(owned ?? []).filter(({ porting }) => porting !== "coming").map(({ e164 }) => e164)}
      />
      {isSaid && known.method === "sip" && <Names tenant={tenant} known={known} onSecret={setSecret} />}
    </>
  );
}

function OneWay({
  tenant,
  method,
  known,
  isSaid,
  secret,
  onSecret,
}: {
  tenant: Tenant;
  method: GuideMethod;
  known: PhoneIntegration | null;
  isSaid: boolean;
  secret: Secret | undefined;
  onSecret: (secret: Secret) => void;
}) {
  const [params, change] = useInUrl();
  const asked = PBXES.find(({ value }) => value === params.get("pbx"))?.value;
  const pbx: Pbx = asked ?? pbxOf(known?.pbxType ?? "");
  const query = useGuide(tenant, method, method === "sip" ? pbx : undefined);
  const guide = query.data?.guides[0];
  return (
    <>
      <div className="connect-two">
        {/* Another way is another form. */}
        <Say key={method} tenant={tenant} method={method} known={known} onSecret={onSecret} />
        {isSaid && known !== null && method !== "ported" ? (
          <Deploy tenant={tenant} known={known} guide={guide} />
        ) : (
          !isSaid && (
            <Panel title="2. Set it up">
              <p className="soft">
                {method === "ported"
                  ? "First keep the number that moves; then what its carrier wants to know is asked here."
                  : "First keep how it is reached; then it is set up with one press."}
              </p>
            </Panel>
          )
        )}
      </div>
      {isSaid && method === "ported" && <PortPanel tenant={tenant} title="2. Bring the number here" />}
      <Known query={query}>
        {() =>
          guide === undefined ? null : (
            <Guide tenant={tenant} guide={guide} pbx={pbx} onPbx={(next) => change({ pbx: next })} secret={secret} />
          )
        }
      </Known>
    </>
  );
}
