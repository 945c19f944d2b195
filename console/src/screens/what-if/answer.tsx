// What the engine says: the decision in large letters, the rules, the steps, and when it changes next.
import type { Outcome, Tenant } from "../../api/schema";
import { Button } from "../../ui/button";
import { Panel } from "../../ui/page";
import { counted, phone } from "../../ui/phone";
import { PlanSteps } from "../../ui/plan";
import { reasonText } from "../../ui/reasons";
import { Time, timeText } from "../../ui/time";
import { TraceList, whoAnswers } from "../../ui/trace";
import { instant, spelled } from "../../ui/zoned";
import type { Question } from "./question";

export function Answer({
  outcome,
  tenant,
  question,
  ask,
}: {
  outcome: Outcome;
  tenant: Tenant;
  question: Question;
  ask: (at: string) => void;
}) {
  const { decision, trace, plan } = outcome;
  const zone = tenant.timezone;
  return (
    <>
      <section className={`decided ${decision.available ? "ai" : "people"}`} aria-label="The decision">
        <p className="decided-what" role="status">
          <span className="decided-who">{whoAnswers(decision.available)}</span>
          <span> · {reasonText(decision.reason)}</span>
        </p>
        <p>
          {timeText(outcome.at, zone, "full")} ·{" "}
          {question.from === "" ? "anybody calls" : `${phone(question.from)} calls`} ·{" "}
          {outcome.activeCalls === 0 ? "nobody else" : counted(outcome.activeCalls, "other")} on the line ·{" "}
          <code>{decision.reason}</code>
        </p>
        <Next outcome={outcome} zone={zone} ask={ask} />
      </section>
      <div className="answer-parts">
        <Panel title="Why" lead="Each rule that was asked, in this order">
          <TraceList of={trace} />
        </Panel>
        <Panel title="What happens" lead="Step by step, if nobody takes the call">
          <PlanSteps of={plan} label="The steps of the call" />
        </Panel>
      </div>
      <p className="small soft">
        The engine that answers calls was asked; nothing was stored and nobody was called. Whether Vapi can be reached
        then is not foretold.
      </p>
    </>
  );
}

function Next({ outcome, zone, ask }: { outcome: Outcome; zone: string; ask: (at: string) => void }) {
  const next = outcome.nextChange;
  if (next === null) return <p>The clock alone changes nothing of this for the next 400 days.</p>;
  const then = instant(next, zone);
  return (
    <div className="row">
      <span>
        Changes next <Time at={next} zone={zone} as="full" />
      </span>
      {then !== undefined && <Button onPress={() => ask(spelled(then))}>Ask about then</Button>}
    </div>
  );
}
