// Buying a number: found, given to a tenant, confirmed with its price and who pays, followed until it takes calls.
import { useEffect, useState } from "react";
import { api, http, onceKey, Refused } from "../../api/client";
import { onHeard } from "../../api/events";
import type { NumberPurchase, OfferedNumber, Tenant } from "../../api/schema";
import { Note } from "../../ui/badge";
import { Button, ButtonLink } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { JobFollow } from "../../ui/job-follow";
import { plain } from "../../ui/job-words";
import { phone } from "../../ui/phone";
import { TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { Loading } from "../../ui/states";
import { sentence } from "./number-words";
import { Offers, type Sought } from "./offers";
import { NotPaid, useMonthly, WhatItCosts } from "./payer";
import { useStale } from "./stale";

export function BuyDialog({
  isOpen,
  onClose,
  tenant,
}: {
  isOpen: boolean;
  onClose: () => void;
  /** Whom it is for, where that is settled. */
  tenant?: Tenant;
}) {
  return (
    <Dialog title="Buy a number" isOpen={isOpen} onClose={onClose} wide>
      {isOpen && <Buying onClose={onClose} {...(tenant === undefined ? {} : { settled: tenant })} />}
    </Dialog>
  );
}

type Step =
  | { at: "search" }
  | { at: "confirm"; error?: unknown }
  | { at: "sent" }
  | { at: "bought"; e164: string; jobId: string }
  | { at: "job"; id: string };

function Buying({ settled, onClose }: { settled?: Tenant; onClose: () => void }) {
  const [step, setStep] = useState<Step>({ at: "search" });
  const [sought, setSought] = useState<Sought>({ country: settled?.country ?? "US", areaCode: "" });
  const [chosen, setChosen] = useState<OfferedNumber>();
  const [tenantId, setTenantId] = useState(settled?.id ?? "");
  const picked = api.useQuery(
    "get",
    "/api/tenants/{id}",
    { params: { path: { id: tenantId } } },
    { enabled: tenantId !== "" },
  );
  const tenant = settled ?? picked.data;
  const monthly = useMonthly(tenant?.id, sought.country);
  const stale = useStale("/api/jobs", "/api/tenants/{id}/setup-guide");

  // One key for one wish, however often it is sent; another number or tenant is another wish.
  const wish = `${tenantId} ${chosen?.e164}`;
  const [once, setOnce] = useState({ of: wish, key: onceKey() });
  const body: NumberPurchase = { projectId: tenantId, number: chosen?.e164 ?? null };

  const buy = async () => {
    const key = once.of === wish ? once.key : onceKey();
    setOnce({ of: wish, key });
    setStep({ at: "sent" });
    try {
      const { data } = await http.POST("/api/numbers", { params: { header: { "Idempotency-Key": key } }, body });
      await stale();
      if (data === undefined) throw new Error("the server said nothing");
      if ("phoneNumber" in data) setStep({ at: "bought", e164: data.phoneNumber.e164, jobId: data.jobId });
      else setStep({ at: "job", id: data.jobId });
    } catch (error) {
      setStep({ at: "confirm", error });
    }
  };

  if (step.at === "search" || chosen === undefined || tenant === undefined) {
    return (
      <>
        <Offers sought={sought} onSought={setSought} chosen={chosen?.e164} onChoose={setChosen} price={monthly?.text} />
        {settled === undefined && (
          <TenantPick
            label="For which tenant"
            hint="It leads there from the first call on."
            value={tenantId}
            onChange={setTenantId}
          />
        )}
        <div className="row end">
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look="primary"
            isDisabled={chosen === undefined || tenant === undefined}
            onPress={() => setStep({ at: "confirm" })}
          >
            {chosen === undefined
              ? "Choose a number"
              : tenant === undefined
                ? "Choose a tenant"
                : `Go on with ${phone(chosen.e164)}`}
          </Button>
        </div>
      </>
    );
  }

  const name = phone(chosen.e164);
  if (step.at === "bought") {
    return (
      <>
        <Bought e164={step.e164} jobId={step.jobId} tenant={tenant} />
        <details>
          <summary>What was done</summary>
          <JobFollow id={step.jobId} />
        </details>
        <div className="row end">
          <ButtonLink href={`/tenants/${tenant.id}/connect#call`}>Try it with a call</ButtonLink>
          <Button look="primary" onPress={onClose}>
            Close
          </Button>
        </div>
      </>
    );
  }
  if (step.at === "job" || step.at === "sent") {
    return (
      <>
        <p>
          {step.at === "job"
            ? `Buying ${name} for ${tenant.name} takes longer than usual. You can close this: it goes on.`
            : `Buying ${name} for ${tenant.name}. It takes a few seconds, at most 25.`}
        </p>
        {step.at === "job" ? (
          <JobFollow id={step.id} onEnd={() => void stale()} />
        ) : (
          <JobBegunFor tenantId={tenant.id} />
        )}
        {step.at === "job" && (
          <div className="row end">
            <Button look="primary" onPress={onClose}>
              Close
            </Button>
          </div>
        )}
      </>
    );
  }
  return (
    <>
      <h3>
        Buy {name} for {tenant.name}?
      </h3>
      <WhatItCosts tenant={tenant} number={chosen} country={sought.country} />
      {step.error !== undefined && <NotBought error={step.error} tenant={tenant} />}
      <div className="row end">
        <SameBy
          cli={`patchbay numbers buy ${tenant.slug} --number ${chosen.e164}`}
          request={{ method: "POST", path: "/api/numbers", body }}
        />
        <Button onPress={() => setStep({ at: "search" })}>Back</Button>
        <Button look="primary" onPress={() => void buy()}>
          Buy {name}
          {monthly !== undefined && ` for ${monthly.text} a month`}
        </Button>
      </div>
    </>
  );
}

/** That it is there; and whether anything is still missing, which the job tells. */
function Bought({ e164, jobId, tenant }: { e164: string; jobId: string; tenant: Tenant }) {
  const job = api.useQuery("get", "/api/jobs/{id}", { params: { path: { id: jobId } } }).data;
  return (
    <Note tone="good" title={`${phone(e164)} is ${tenant.name}'s`}>
      <p>{job === undefined ? "It takes calls now." : sentence(plain(job.detail))}</p>
    </Note>
  );
}

/** The job of a purchase is heard of before the purchase answers. */
function JobBegunFor({ tenantId }: { tenantId: string }) {
  const [id, setId] = useState<string>();
  useEffect(
    () =>
      onHeard(({ kind, data }) => {
        if (kind === "job" && data.tenantId === tenantId && data.job.kind === "number") setId(data.job.id);
      }),
    [tenantId],
  );
  return id === undefined ? <Loading what="Buying" /> : <JobFollow id={id} />;
}

function NotBought({ error, tenant }: { error: unknown; tenant: Tenant }) {
  if (error instanceof Refused && error.code === "payment_required") return <NotPaid orgId={tenant.orgId} />;
  const taken = error instanceof Refused && error.status === 409;
  return (
    <Note tone="bad" title="It was not bought">
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {taken && (
        <p className="soft">Nothing was charged. Go back and choose another, or take a number from the tenant first.</p>
      )}
    </Note>
  );
}
