// The three ways a business's calls come here, side by side; one press chooses.
import { api } from "../../api/client";
import type { GuideMethod, GuideTable, MethodGuide, PhoneIntegration, SetupGuide, Tenant } from "../../api/schema";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { Known } from "../../ui/states";
import { METHODS } from "./say-words";

const ORDER: GuideMethod[] = ["forwarded", "sip", "ported"];

/** The guide of one method, written out for the tenant. */
export function useGuide(tenant: Tenant, method: GuideMethod, pbx?: MethodGuide["pbx"]) {
  const query = pbx == null ? { method } : { method, pbx };
  return api.useQuery(
    "get",
    "/api/tenants/{id}/setup-guide",
    { params: { path: { id: tenant.id }, query } },
    // It is told as Markdown and as a page too, to whoever asks for that.
    { select: (guide) => guide as SetupGuide },
  );
}

export function Methods({
  tenant,
  known,
  chosen,
  onChoose,
}: {
  tenant: Tenant;
  known: PhoneIntegration | null;
  chosen: GuideMethod | undefined;
  onChoose: (method: GuideMethod) => void;
}) {
  return (
    <>
      <div className="methods">
        {ORDER.map((method) => (
          <Method
            key={method}
            tenant={tenant}
            method={method}
            isSaid={known?.method === method}
            isSetUp={known?.method === method && known.setupCompletedAt !== undefined}
            isChosen={chosen === method}
            onChoose={() => onChoose(method)}
          />
        ))}
      </div>
      {known === null && <InTables tenant={tenant} />}
    </>
  );
}

/** The same in rows, for who compares by a single property. Once a way is said, the API tells of that one. */
function InTables({ tenant }: { tenant: Tenant }) {
  const all = api.useQuery(
    "get",
    "/api/tenants/{id}/setup-guide",
    { params: { path: { id: tenant.id } } },
    { select: (guide) => (guide as SetupGuide).comparison },
  ).data;
  if (all == null) return null;
  return (
    <details className="guide-section">
      <summary>The same in tables: caller ID, numbers, costs</summary>
      <div className="stack">
        <GuideRows table={all.matrix} label="How a call finds its business" />
        <GuideRows table={all.numbers} label="What becomes of the number" />
        <GuideRows table={all.effort} label="How long, and for how much" />
        {all.costs.text.map((text) => (
          <p key={text} className="small soft">
            {text}
          </p>
        ))}
        {all.costs.table !== null && <GuideRows table={all.costs.table} label={all.costs.title} />}
      </div>
    </details>
  );
}

function Method({
  tenant,
  method,
  isSaid,
  isSetUp,
  isChosen,
  onChoose,
}: {
  tenant: Tenant;
  method: GuideMethod;
  isSaid: boolean;
  isSetUp: boolean;
  isChosen: boolean;
  onChoose: () => void;
}) {
  const query = useGuide(tenant, method);
  return (
    <article className={isChosen ? "method chosen" : "method"} aria-label={METHODS[method].name}>
      <div className="stack tight">
        <div className="row apart">
          <h3>{METHODS[method].name}</h3>
          {isSetUp ? <Badge tone="good">Connected</Badge> : isSaid ? <Badge tone="warn">Begun</Badge> : null}
        </div>
        <Known query={query}>{({ guides }) => (guides[0] === undefined ? null : <About guide={guides[0]} />)}</Known>
      </div>
      <Button look={isChosen ? "primary" : "plain"} onPress={onChoose} aria-pressed={isChosen}>
        {isChosen ? "Chosen" : METHODS[method].choose}
      </Button>
    </article>
  );
}

function About({ guide }: { guide: MethodGuide }) {
  return (
    <>
      <p className="soft">{guide.description}</p>
      <dl className="method-facts">
        <div>
          <dt>Takes</dt>
          <dd>{guide.time}</dd>
        </div>
        <div>
          <dt>Once</dt>
          <dd>{guide.costs.once}</dd>
        </div>
        <div>
          <dt>A month</dt>
          <dd>{guide.costs.monthly}</dd>
        </div>
      </dl>
      <ul className="list-plain weighed">
        {guide.pros.map((text) => (
          <Weighed key={text} side="pro" text={text} />
        ))}
        {guide.cons.map((text) => (
          <Weighed key={text} side="con" text={text} />
        ))}
      </ul>
      <p className="small">
        <span className="soft">Best for: </span>
        {guide.bestFor.join("; ")}
      </p>
    </>
  );
}

/** A table of a guide. */
export function GuideRows({ table, label }: { table: GuideTable; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="table-frame" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {table.head.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, place) =>
                place === 0 ? (
                  <th key={place} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={place}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** One thing that speaks for a way, or against it. */
function Weighed({ side, text }: { side: "pro" | "con"; text: string }) {
  return (
    <li className={side}>
      <Icon name={side === "pro" ? "plus" : "warn"} />
      <span>
        <span className="hidden-to-eyes">{side === "pro" ? "For it: " : "Against it: "}</span>
        {text}
      </span>
    </li>
  );
}
