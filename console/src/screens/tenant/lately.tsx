// What came in lately, and by what: the last calls, voicemails nobody heard, the numbers, the way they are connected.
import { Link } from "wouter";
import { api, Refused } from "../../api/client";
import type { PhoneIntegration, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge } from "../../ui/badge";
import { ButtonLink } from "../../ui/button";
import { Facts, Panel } from "../../ui/page";
import { phone } from "../../ui/phone";
import { reasonText, stepText } from "../../ui/reasons";
import { Empty, Failed, Known } from "../../ui/states";
import { Table } from "../../ui/table";
import { lasting, Time } from "../../ui/time";

const CALLS = 5;
const NUMBERS = 5;
/** So many are counted; nobody listens to more in one go. */
const VOICEMAILS = 50;

export function LastCalls({ tenant }: { tenant: Tenant }) {
  const calls = api.useQuery("get", "/api/calls", { params: { query: { tenantId: tenant.id, limit: CALLS } } });
  return (
    <Panel title="Last calls" actions={<Link href={`/tenants/${tenant.id}/calls`}>All calls</Link>}>
      <Known query={calls}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="Nobody has called yet">
              See what a caller would hear, before one does: <Link href={`/tenants/${tenant.id}/what-if`}>What if</Link>
              .
            </Empty>
          ) : (
            <Table
              label="Last calls"
              rows={data}
              idOf={({ sid }) => sid}
              columns={[
                {
                  head: "Call",
                  cell: ({ at, sid, from }) => (
                    <span className="call-pair">
                      <Link href={`/calls/${sid}`} className="line">
                        <Time at={at} zone={tenant.timezone} />
                      </Link>
                      <span className="line soft">{from === "" ? "no number" : phone(from)}</span>
                    </span>
                  ),
                },
                {
                  head: "Went to",
                  cell: ({ decision, step }) => (
                    <Badge tone={decision.available ? "ai" : "people"}>{stepText(step)}</Badge>
                  ),
                },
                { head: "Why", wideOnly: true, cell: ({ decision }) => reasonText(decision.reason) },
                {
                  head: "Lasted",
                  number: true,
                  cell: ({ live, durationSeconds }) =>
                    live ? <Badge tone="good">Live</Badge> : durationSeconds === null ? "–" : lasting(durationSeconds),
                },
              ]}
            />
          )
        }
      </Known>
    </Panel>
  );
}

export function UnheardPanel({ tenant }: { tenant: Tenant }) {
  const query = { tenantId: tenant.id, heard: false, limit: VOICEMAILS };
  const unheard = api.useQuery("get", "/api/voicemails", { params: { query } });
  return (
    <Panel title="Voicemails">
      <Known query={unheard}>
        {({ data, nextCursor }) => (
          <div className="row apart">
            {data.length === 0 ? (
              <span>All are heard</span>
            ) : (
              <span>
                <strong>
                  {data.length}
                  {nextCursor !== null && " or more"}
                </strong>{" "}
                not heard yet
              </span>
            )}
            <Link href={`/tenants/${tenant.id}/voicemails`}>{data.length === 0 ? "See all" : "Listen"}</Link>
          </div>
        )}
      </Known>
    </Panel>
  );
}

export function NumbersPanel({ tenant }: { tenant: Tenant }) {
  const { mayChange } = useSession();
  const numbers = api.useQuery("get", "/api/numbers/owned", {
    params: { query: { tenantId: tenant.id, limit: NUMBERS } },
  });
  const all = `/tenants/${tenant.id}/numbers`;
  return (
    <Panel title="Numbers" actions={<Link href={all}>Numbers</Link>}>
      <Known query={numbers}>
        {({ data, nextCursor }) =>
          data.length === 0 ? (
            <p>No number leads here. {mayChange && <Link href={all}>Get one, or bring your own</Link>}</p>
          ) : (
            <ul className="list-plain line-list">
              {data.map((number) => (
                <li key={number.id}>
                  <span>{phone(number.e164)}</span>
                  <span className="soft small">
                    {number.porting === "coming"
                      ? "on its way here"
                      : number.purpose === "voicemail"
                        ? "for voicemail"
                        : number.state === "active"
                          ? ""
                          : number.state}
                  </span>
                </li>
              ))}
              {nextCursor !== null && (
                <li>
                  <Link href={all}>More</Link>
                </li>
              )}
            </ul>
          )
        }
      </Known>
    </Panel>
  );
}

const METHODS: Record<PhoneIntegration["method"], string> = {
  forwarded: "Their carrier forwards calls here",
  sip: "Their telephone system calls us over SIP",
  ported: "Their number moves here",
};

export function ConnectionPanel({ tenant }: { tenant: Tenant }) {
  const { mayChange } = useSession();
  const path = `/tenants/${tenant.id}/connect`;
  const how = api.useQuery("get", "/api/tenants/{id}/phone-integration", { params: { path: { id: tenant.id } } });
  const isUnset = how.error !== null && how.error instanceof Refused && (how.error as Refused).status === 404;
  return (
    <Panel title="How calls come here" actions={<Link href={path}>Connect</Link>}>
      {isUnset ? (
        <div className="stack">
          <p>Not set up yet: it is reached by its numbers alone.</p>
          {mayChange && (
            <div>
              <ButtonLink href={path}>Set it up</ButtonLink>
            </div>
          )}
        </div>
      ) : how.data === undefined && how.error !== null ? (
        <Failed error={how.error} retry={() => void how.refetch()} />
      ) : (
        <Known query={how}>
          {(is) => (
            <div className="stack">
              <p className="strong">{METHODS[is.method]}</p>
              <Facts of={facts(is, tenant.timezone)} />
            </div>
          )}
        </Known>
      )}
    </Panel>
  );
}

function facts(is: PhoneIntegration, zone: string): [string, React.ReactNode][] {
  const known: [string, React.ReactNode][] = [["State", <SetUp key="state" at={is.setupCompletedAt} zone={zone} />]];
  if (is.portStatus !== undefined) known.push(["Move", is.portStatus.replaceAll("_", " ")]);
  if (is.clinicNumber !== undefined) known.push(["Their number", phone(is.clinicNumber)]);
  if (is.phoneNumber !== undefined) known.push(["Number that moves", phone(is.phoneNumber)]);
  if (is.twilioForwardNumber !== undefined) known.push(["Forwards to", phone(is.twilioForwardNumber)]);
  if (is.sipUrl !== undefined) known.push(["SIP address", <code key="sip">{is.sipUrl}</code>]);
  if (is.pbxType !== undefined) known.push(["Telephone system", is.pbxType]);
  return known;
}

function SetUp({ at, zone }: { at: string | undefined; zone: string }) {
  if (at === undefined) return <Badge tone="warn">Not deployed yet</Badge>;
  return (
    <>
      Ready since <Time at={at} zone={zone} />
    </>
  );
}
