// Everything known of one number: where it leads and led, whose account carries it, what was paid for it, its deeds.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api } from "../../api/client";
import type { Number as Num, NumberFinding, NumberSpell, TenantCosts } from "../../api/schema";
import { Badge, Note } from "../../ui/badge";
import { Id } from "../../ui/copy";
import { Facts } from "../../ui/page";
import { counted } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { Known } from "../../ui/states";
import { lasting, ownZone, Time } from "../../ui/time";
import { useTenantCosts } from "./costs";
import { NumberDeeds } from "./deeds";
import { amissWord, isFree, portingWord, priceOf, sentence, stateMeaning, stateWord } from "./number-words";

export function NumberDetail({
  number,
  zone,
  finding,
}: {
  number: Num;
  zone: string | undefined;
  finding: NumberFinding | undefined;
}) {
  const costs = useTenantCosts(number.tenantId);
  return (
    <div className="number-detail">
      {finding !== undefined && <Amiss finding={finding} zone={zone} />}
      <div className="number-columns">
        <section className="stack" aria-label="What is known">
          <h3>What is known</h3>
          <NumberFacts number={number} costs={costs} zone={zone} />
        </section>
        <section className="stack" aria-label="Where it has been">
          <div className="row apart">
            <h3>Where it has been</h3>
            <SameBy
              cli={`patchbay numbers history ${number.id}`}
              request={{ method: "GET", path: `/api/numbers/${number.id}/history` }}
            />
          </div>
          <Spells number={number} zone={zone} />
          <p className="small soft">times in {zone ?? ownZone}</p>
        </section>
      </div>
      <NumberDeeds number={number} />
    </div>
  );
}

function Amiss({ finding, zone }: { finding: NumberFinding; zone: string | undefined }) {
  const said = amissWord(finding.what);
  return (
    <Note tone="bad" title={said.text}>
      <p>
        {sentence(finding.detail)} {said.next}{" "}
        <span className="soft">
          Seen since <Time at={finding.since} zone={zone} />.
        </span>
      </p>
      {finding.whyNot !== null && <p>No job brings it back: {finding.whyNot}.</p>}
      {finding.jobId !== null && (
        <p>
          <Link href={`/jobs/${finding.jobId}`}>A job brings it back</Link>
        </p>
      )}
    </Note>
  );
}

function NumberFacts({
  number,
  costs,
  zone,
}: {
  number: Num;
  costs: TenantCosts | undefined;
  zone: string | undefined;
}) {
  const life = api.useQuery("get", "/api/numbers/ledger", { params: { query: { q: number.id, limit: 1 } } }).data
    ?.data[0];
  const price = priceOf(number, costs);
  const facts: [string, ReactNode][] = [
    ["What callers meet", stateMeaning(number)],
    ["Costs a month", price === undefined ? "Not known" : <PriceTold key="p" price={price} />],
    [
      "Twilio account",
      isFree(number) ? (
        "None: it is Vapi's own"
      ) : number.accountSid === null ? (
        "Not told: calls from any account are taken"
      ) : (
        <Id key="c" text={number.accountSid} what="the account" />
      ),
    ],
  ];
  if (number.twilioSid !== null) facts.push(["At Twilio", <Id key="t" text={number.twilioSid} what="Twilio's id" />]);
  facts.push([
    "At Vapi",
    number.vapiNumberId === null ? "Not known there" : <Id key="v" text={number.vapiNumberId} what="Vapi's id" />,
  ]);
  if (number.sipUri !== undefined) facts.push(["SIP address", <Id key="s" text={number.sipUri} what="the address" />]);
  const porting = portingWord(number.porting);
  if (porting !== undefined) facts.push(["Move", porting]);
  if (life !== undefined) {
    facts.push(["Ours since", <Time key="a" at={life.acquiredAt} zone={zone} as="full" />]);
    facts.push(["Paid for", life.monthsPaid === 0 ? "Nothing" : counted(life.monthsPaid, "month")]);
  }
  facts.push(["Id here", <Id key="i" text={number.id} what="the id" />]);
  return <Facts of={facts} />;
}

export function PriceTold({ price }: { price: { text: string; sure: boolean; why: string } }) {
  return (
    <span title={price.why}>
      {price.text}
      {!price.sure && <span className="small soft"> estimate</span>}
    </span>
  );
}

function Spells({ number, zone }: { number: Num; zone: string | undefined }) {
  const history = api.useQuery("get", "/api/numbers/{id}/history", { params: { path: { id: number.id } } });
  return (
    <Known query={history}>
      {({ data }) =>
        data.length === 0 ? (
          <p className="soft">Nothing is written down of it.</p>
        ) : (
          <ol className="spells list-plain">
            {data.map((spell, index) => (
              <Spell key={`${spell.since} ${index}`} spell={spell} zone={zone} />
            ))}
          </ol>
        )
      }
    </Known>
  );
}

function Spell({ spell, zone }: { spell: NumberSpell; zone: string | undefined }) {
  const costs = useTenantCosts(spell.tenantId);
  const state = stateWord(spell.state);
  const seconds = ((spell.until === null ? Date.now() : Date.parse(spell.until)) - Date.parse(spell.since)) / 1000;
  return (
    <li>
      <div className="row">
        <Badge tone={spell.until === null ? state.tone : "plain"}>{state.text}</Badge>
        {spell.tenantId !== null && (
          <Link href={`/tenants/${spell.tenantId}`}>{costs?.name ?? "a tenant that is gone"}</Link>
        )}
      </div>
      <p className="small soft">
        <Time at={spell.since} zone={zone} /> to {spell.until === null ? "now" : <Time at={spell.until} zone={zone} />}{" "}
        · {lasting(seconds)}
      </p>
    </li>
  );
}
