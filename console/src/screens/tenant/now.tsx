// Who answers at this moment, why, and what comes next: the two sentences somebody opens this page for.
import { Link } from "wouter";
import type { Tenant } from "../../api/schema";
import { reasonText, stepText } from "../../ui/reasons";
import { Failed, Loading } from "../../ui/states";
import { lasting, Time, useNow } from "../../ui/time";
import { useAnswering } from "./answering";

export function Now({ tenant }: { tenant: Tenant }) {
  const query = useAnswering(tenant);
  if (query.data === undefined) {
    return query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Loading />;
  }
  const { decision, plan, activeCalls, nextChange } = query.data;
  return (
    <div className="now">
      <section className={decision.available ? "now-part ai" : "now-part people"} aria-label="Now">
        <p className="now-label">Now</p>
        <p className="now-big">{decision.available ? "The AI answers" : "The AI does not answer"}</p>
        <p>
          {reasonText(decision.reason)} <code className="soft">{decision.reason}</code>
        </p>
        {decision.reason === "not-configured" && (
          <p>
            There is nothing to dial at Vapi yet. <Link href={`/tenants/${tenant.id}/connect`}>Set up a number</Link>,
            or <Link href={`/tenants/${tenant.id}?edit=1`}>give an address</Link>.
          </p>
        )}
        <p className="soft small">
          A caller gets {walked(plan.map(({ step }) => step))}
          {activeCalls > 0 && <> · {activeCalls} on the line without the AI</>}
        </p>
      </section>
      <section className="now-part" aria-label="Next change">
        <p className="now-label">Next change</p>
        {nextChange === null ? (
          <>
            <p className="now-big">None in sight</p>
            <p className="soft">It stays so until somebody changes a setting, or many call at once.</p>
          </>
        ) : (
          <>
            <p className="now-big">
              <Time at={nextChange} zone={tenant.timezone} />
            </p>
            <p>{decision.available ? "Then the AI no longer answers" : "Then the AI answers"}</p>
            <p className="soft small">
              <Away at={nextChange} /> · {tenant.timezone}
            </p>
          </>
        )}
      </section>
    </div>
  );
}

/** `the AI, then voicemail` */
function walked(steps: string[]): string {
  const words = steps.map((step) => (step === "ai" ? "the AI" : stepText(step).toLowerCase()));
  return words.filter((word, index) => word !== words[index - 1]).join(", then ") || "nothing";
}

/** How long until it is so far, counting down. */
export function Away({ at }: { at: string }) {
  const now = useNow();
  const seconds = Math.max(0, (Date.parse(at) - now) / 1000);
  return <span>in {lasting(seconds)}</span>;
}
