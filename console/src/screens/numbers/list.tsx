// Numbers, a page at a time; below each, if asked, everything known of it. What is open and what is asked is in the URL.
import { Fragment, type ReactNode, useId } from "react";
import { Link } from "wouter";
import { api } from "../../api/client";
import type { Number as Num, NumberFinding } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { Icon } from "../../ui/icon";
import { useInUrl } from "../../ui/in-url";
import { byCursor, Paged } from "../../ui/pages";
import { counted, phone } from "../../ui/phone";
import { Time } from "../../ui/time";
import { useTenantCosts } from "./costs";
import { NumberDetail, PriceTold } from "./detail";
import { Leavings } from "./leaving";
import { accountWord, amissWord, portingWord, priceOf, stateWord } from "./number-words";
import "./numbers.css";

export interface Asked {
  q?: string;
  tenantId?: string;
  state?: Num["state"];
  purpose?: Num["purpose"];
}

/** The question the address asks of the list; what is no answer to it is passed over. */
export function askedOf(params: URLSearchParams): Asked {
  const asked: Asked = {};
  const q = params.get("q");
  const tenantId = params.get("tenant");
  const state = params.get("state");
  const purpose = params.get("purpose");
  if (q !== null && q !== "") asked.q = q.slice(0, 100);
  if (tenantId !== null && tenantId !== "") asked.tenantId = tenantId;
  if (state === "active" || state === "resting" || state === "unassigned") asked.state = state;
  if (purpose === "calls" || purpose === "voicemail") asked.purpose = purpose;
  return asked;
}

export function NumberList({
  asked,
  findings,
  zone,
  ofTenant,
  empty,
}: {
  asked: Asked;
  findings: Map<string, NumberFinding>;
  zone?: string;
  /** All belong to one tenant: then it is not said of each. */
  ofTenant?: boolean;
  empty: ReactNode;
}) {
  const query = api.useInfiniteQuery(
    "get",
    "/api/numbers/owned",
    { params: { query: { limit: 50, ...asked } } },
    byCursor,
  );
  return (
    <Leavings>
      <Paged query={query} empty={empty}>
        {(rows) => <Rows rows={rows} findings={findings} zone={zone} ofTenant={ofTenant === true} />}
      </Paged>
    </Leavings>
  );
}

function Rows({
  rows,
  findings,
  zone,
  ofTenant,
}: {
  rows: Num[];
  findings: Map<string, NumberFinding>;
  zone: string | undefined;
  ofTenant: boolean;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="table-frame" aria-label="Numbers" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Number</th>
            {!ofTenant && <th scope="col">Leads to</th>}
            <th scope="col">State</th>
            <th scope="col" className="wide-only">
              Account
            </th>
            <th scope="col" className="number wide-only">
              A month
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((number) => (
            <Row
              key={number.id}
              number={number}
              finding={findings.get(number.id)}
              zone={zone}
              columns={ofTenant ? 4 : 5}
              ofTenant={ofTenant}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({
  number,
  finding,
  zone,
  columns,
  ofTenant,
}: {
  number: Num;
  finding: NumberFinding | undefined;
  zone: string | undefined;
  columns: number;
  ofTenant: boolean;
}) {
  const [params, change] = useInUrl();
  const below = useId();
  const costs = useTenantCosts(number.tenantId);
  const open = params.get("open") === number.id;
  const state = stateWord(number.state, number.purpose);
  const porting = portingWord(number.porting);
  const price = priceOf(number, costs);
  return (
    <Fragment>
      <tr>
        <td>
          <button
            type="button"
            className="number-open"
            aria-expanded={open}
            aria-controls={open ? below : undefined}
            onClick={() => change({ open: open ? undefined : number.id })}
          >
            <Icon name="right" />
            {phone(number.e164)}
          </button>
        </td>
        {!ofTenant && (
          <td>
            {number.tenantId === null ? (
              <span className="soft">nobody</span>
            ) : (
              <Link href={`/tenants/${number.tenantId}/numbers`}>{costs?.name ?? number.tenantId}</Link>
            )}
          </td>
        )}
        <td>
          <span className="row">
            {number.porting !== "coming" && <Badge tone={state.tone}>{state.text}</Badge>}
            {number.state === "resting" && <RestsSince number={number} zone={zone} />}
            {porting !== undefined && <Badge tone={number.porting === "coming" ? "warn" : "plain"}>{porting}</Badge>}
            {number.alreadyOverflowed && <Badge>Staff was rung before</Badge>}
            {finding !== undefined && <Badge tone="bad">{amissWord(finding.what).text}</Badge>}
          </span>
        </td>
        <td className="wide-only">
          <span title={number.accountSid ?? undefined}>{accountWord(number)}</span>
        </td>
        <td className="number wide-only">
          {price === undefined ? <span className="soft">–</span> : <PriceTold price={price} />}
        </td>
      </tr>
      {open && (
        <tr className="opened">
          <td colSpan={columns} id={below}>
            <NumberDetail number={number} zone={zone} finding={finding} />
          </td>
        </tr>
      )}
    </Fragment>
  );
}

function RestsSince({ number, zone }: { number: Num; zone: string | undefined }) {
  const life = api.useQuery("get", "/api/numbers/ledger", { params: { query: { q: number.id, limit: 1 } } }).data
    ?.data[0];
  return life === undefined ? null : (
    <span className="small soft">
      since <Time at={life.since} zone={zone} />
    </span>
  );
}

/** Numbers that are ours no more: only the ledger knows them. */
export function GivenBack({ q, tenantId }: { q?: string | undefined; tenantId?: string | undefined }) {
  const asked = { ...(q === undefined ? {} : { q }), ...(tenantId === undefined ? {} : { tenantId }) };
  const query = api.useInfiniteQuery(
    "get",
    "/api/numbers/ledger",
    { params: { query: { limit: 50, state: "released" as const, ...asked } } },
    byCursor,
  );
  return (
    <Paged query={query} empty={<p className="soft">No number was given back.</p>}>
      {(rows) => (
        <ul className="list-plain stack">
          {rows.map((life) => (
            <li key={life.id} className="row">
              <span className="strong">{phone(life.e164)}</span>
              <span className="soft">
                ours from <Time at={life.acquiredAt} as="full" />
                {life.releasedAt !== null && (
                  <>
                    {" "}
                    to <Time at={life.releasedAt} as="full" />
                  </>
                )}{" "}
                · {counted(life.monthsPaid, "month")} paid for
              </span>
              {life.tenantId !== null && <WasLast id={life.tenantId} />}
            </li>
          ))}
        </ul>
      )}
    </Paged>
  );
}

function WasLast({ id }: { id: string }) {
  const costs = useTenantCosts(id);
  return costs === undefined ? null : (
    <span className="soft">
      last led to <Link href={`/tenants/${id}`}>{costs.name}</Link>
    </span>
  );
}
