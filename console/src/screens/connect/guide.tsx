// What the business does at its carrier or phone system: written out with its own values, each ready to be copied.
import type { GuideSection, MethodGuide, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { Note } from "../../ui/badge";
import { Code, Copy } from "../../ui/copy";
import { Select } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { GuideRows } from "./methods";
import type { Secret } from "./once";
import { PBXES, type Pbx } from "./say-words";

/** The section that is no business of the business; what operators have to mind stands in it too. */
const RUNNING = "For whoever runs patchbay";

/** A value of a guide; the API's document leaves its shape open. */
interface Value {
  label: string;
  value: string | null;
  note: string | null;
}

export function Guide({
  tenant,
  guide,
  pbx,
  onPbx,
  secret,
}: {
  tenant: Tenant;
  guide: MethodGuide;
  pbx: Pbx;
  onPbx: (pbx: Pbx) => void;
  secret: Secret | undefined;
}) {
  const { onlyTenant } = useSession();
  const forBusiness = guide.warnings.filter(({ audience }) => audience === "business");
  const asked = `method=${guide.method}${guide.method === "sip" ? `&pbx=${pbx}` : ""}`;
  const sections = guide.sections.filter(({ title }) => onlyTenant === null || title !== RUNNING);
  return (
    <Panel
      title={
        guide.method === "sip"
          ? "3. Tell its phone system"
          : guide.method === "ported"
            ? "3. What the business does"
            : "3. Tell its carrier"
      }
      lead={guide.label}
      actions={
        <>
          <a
            href={`/api/tenants/${tenant.id}/setup-guide?${asked}`}
            target="_blank"
            rel="noreferrer"
            className="button"
          >
            A page to print or send
          </a>
          <SameBy
            cli={`patchbay tenants guide ${tenant.slug} --method ${guide.method}${guide.method === "sip" ? ` --pbx ${pbx}` : ""}`}
            request={{ method: "GET", path: `/api/tenants/${tenant.id}/setup-guide?${asked}` }}
          />
        </>
      }
    >
      {guide.method === "sip" && (
        <div className="pbx">
          <Select label="Phone system" value={pbx} onChange={onPbx} options={[...PBXES]} />
        </div>
      )}
      {forBusiness.map((warning) => (
        <Note key={warning.code} tone="warn">
          <p>{warning.text}</p>
        </Note>
      ))}
      <div className="number-columns">
        <section className="stack" aria-label="Values">
          <h3>Values</h3>
          <Values of={guide.values as Value[]} secret={secret} />
        </section>
        <section className="stack" aria-label="Steps">
          <h3>Steps</h3>
          <Steps guide={guide} pbx={pbx} />
        </section>
      </div>
      <Flow of={guide.flow} />
      {sections.map((section, place) => (
        <Section key={section.title} section={section} secret={secret} open={place === 0} />
      ))}
    </Panel>
  );
}

function Values({ of, secret }: { of: Value[]; secret: Secret | undefined }) {
  return (
    <dl className="values">
      {of.map(({ label, value, note }) => {
        const isSecret = value === null && label === "Password" && secret !== undefined;
        const shown = isSecret ? secret.password : value;
        return (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {shown === null ? (
                <span className="soft">{note ?? "not known yet"}</span>
              ) : (
                <span className="value">
                  <code>{shown}</code>
                  <Copy text={shown} what={label.toLowerCase()} />
                </span>
              )}
              {shown !== null && note !== null && !isSecret && <span className="small soft value-note">{note}</span>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function Steps({ guide, pbx }: { guide: MethodGuide; pbx: Pbx }) {
  const { instructions } = guide;
  const steps =
    "sipUri" in instructions
      ? pbx === "ringcentral"
        ? instructions.steps.ringcentral
        : pbx === "generic"
          ? instructions.steps.generic
          : instructions.steps.asterisk
      : instructions.steps;
  return (
    <>
      {"documents" in instructions && (
        <div className="stack tight">
          <p className="soft">To have at hand:</p>
          <ul className="happens">
            {instructions.documents.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </div>
      )}
      <ol className="happens">
        {steps.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ol>
    </>
  );
}

/** The way of a call. */
function Flow({ of }: { of: string[] }) {
  return (
    <ol className="flow list-plain" aria-label="The way of a call">
      {of.map((text, place) => (
        <li key={text} className={place === of.length - 1 ? "ends" : undefined}>
          <span>{text}</span>
          {place < of.length - 1 && <Icon name="right" />}
        </li>
      ))}
    </ol>
  );
}

function Section({ section, secret, open }: { section: GuideSection; secret: Secret | undefined; open: boolean }) {
  const filled = (text: string) => (secret === undefined ? text : text.replaceAll("THE-PASSWORD", secret.password));
  return (
    <details className="guide-section" open={open}>
      <summary>{section.title}</summary>
      <div className="stack">
        {section.text.map((text) => (
          <p key={text}>{text}</p>
        ))}
        {section.table !== null && <GuideRows table={section.table} label={section.title} />}
        {section.points.length > 0 && (
          <ul className="happens">
            {section.points.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
        {section.code.map((code) => (
          <div key={code.caption} className="stack tight">
            <h4 className="small">{code.caption}</h4>
            <Code what={code.caption} text={filled(code.text)} />
          </div>
        ))}
      </div>
    </details>
  );
}
