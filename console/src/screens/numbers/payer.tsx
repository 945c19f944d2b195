// What a number costs, out of whose account it is paid, and what to do where nobody pays yet.
import { api } from "../../api/client";
import type { CostFigure, OfferedNumber, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Note } from "../../ui/badge";
import { ButtonLink } from "../../ui/button";
import { Code } from "../../ui/copy";
import { Facts } from "../../ui/page";
import { Time } from "../../ui/time";
import { countryName } from "./offers";

interface Told {
  text: string;
  figure: CostFigure;
  once: CostFigure | undefined;
}

/** The price of a number in a country: Twilio's own where it was asked, else an estimate; nothing for other countries. */
export function useMonthly(tenantId: string | undefined, country: string): Told | undefined {
  const query = tenantId === undefined ? { limit: 1 } : { limit: 1, tenantId };
  const { data } = api.useQuery("get", "/api/costs", { params: { query } }, { staleTime: 60_000 });
  if (data === undefined || data.country !== country) return undefined;
  const bought = data.methods.find(({ method }) => method === "forwarded");
  const figure = bought?.monthly.find(({ what }) => what === "numberMonth");
  if (figure === undefined) return undefined;
  return { text: figure.price.text, figure, once: bought?.once.find(({ what }) => what === "numberOnce") };
}

export function WhatItCosts({ tenant, number, country }: { tenant: Tenant; number: OfferedNumber; country: string }) {
  const monthly = useMonthly(tenant.id, country);
  const { onlyTenant } = useSession();
  const org = api.useQuery(
    "get",
    "/api/orgs/{id}",
    { params: { path: { id: tenant.orgId } } },
    { enabled: onlyTenant === null, retry: false },
  ).data;
  const account =
    org === undefined
      ? "The Twilio account the tenant's numbers are bought with"
      : org.twilio === null
        ? "The installation's own Twilio account"
        : `${org.name}'s own Twilio account, ${org.twilio.accountSid}`;
  return (
    <div className="stack">
      <p className="pays">
        {monthly === undefined ? (
          <span>
            What a number in {countryName(country)} costs is not known before it is bought: Twilio's price list tells.
          </span>
        ) : (
          <>
            <span className="sum">{monthly.text}</span>
            <span>a month, until it is given back</span>
          </>
        )}
      </p>
      <Facts
        of={[
          ["Whose word it is", monthly === undefined ? "Nobody's" : <Source key="s" figure={monthly.figure} />],
          ["At once", monthly === undefined ? "The first month" : atOnce(monthly)],
          ["Who pays", account],
        ]}
      />
      {number.needsAddress && (
        <Note tone="warn" title="Twilio sells it only to those who give an address">
          <p>Where the account has no address for this country yet, Twilio refuses and nothing is charged.</p>
        </Note>
      )}
      {org?.mayBuy === false && <NotPaid orgId={tenant.orgId} />}
      <div className="stack tight">
        <h3>What happens</h3>
        <ol className="happens">
          <li>Exactly this number is bought; if somebody else was faster, nothing is charged.</li>
          <li>It is made known to Vapi, and its calls are led here.</li>
          <li>It is read back. From then on whoever calls it reaches {tenant.name}.</li>
        </ol>
      </div>
    </div>
  );
}

function atOnce({ text, once }: Told): string {
  if (once === undefined || once.price.micros === 0) return `${text} for the first month, nothing besides`;
  return `${text} for the first month, and ${once.price.text} for the purchase`;
}

function Source({ figure }: { figure: CostFigure }) {
  if (figure.authority === "twilio") {
    return (
      <>
        {figure.source}
        {figure.askedAt !== null && (
          <span className="soft">
            {" "}
            · asked <Time at={figure.askedAt} />
          </span>
        )}
      </>
    );
  }
  return (
    <>
      An estimate: {figure.source}
      {figure.whyEstimate !== null && <span className="soft"> · {figure.whyEstimate}</span>}
    </>
  );
}

/** Nothing is bought for an organization until somebody says that it pays. */
export function NotPaid({ orgId }: { orgId: string }) {
  const { isOperator, mayChange } = useSession();
  return (
    <Note tone="warn" title="Nobody pays for this organization's numbers yet">
      <p>
        Nothing was bought, and nothing is charged. An operator says that the organization pays, then it can be bought.
      </p>
      {isOperator && mayChange ? (
        <div className="stack tight">
          <div>
            <ButtonLink href={`/organizations/${orgId}`}>Say that it pays</ButtonLink>
          </div>
          <Code what="the command" text={`patchbay orgs billing ${orgId} verified`} wrap />
        </div>
      ) : (
        <p>Ask whoever runs patchbay for you.</p>
      )}
    </Note>
  );
}
