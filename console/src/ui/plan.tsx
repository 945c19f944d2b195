// What a call walks through if nobody takes it: each step in a sentence, with the TwiML behind it.
import type { Step } from "../api/schema";
import { Badge } from "./badge";
import { stepText } from "./reasons";
import { Twiml } from "./twiml";
import { gist } from "./xml";
import "./plan.css";

export function PlanSteps({ of: plan, label }: { of: Step[]; label: string }) {
  return (
    <ol className="plan list-plain" aria-label={label}>
      {plan.map((step, at) => (
        <li key={at} className="plan-step">
          <span className="plan-number" aria-hidden="true">
            {at + 1}
          </span>
          <div className="stack tight">
            <div className="row">
              <Badge tone={step.step === "ai" ? "ai" : "people"}>{stepText(step.step)}</Badge>
              <span>{gist(step.twiml) ?? "Answers nothing"}</span>
            </div>
            <details className="plan-twiml" open={plan.length === 1}>
              <summary>TwiML</summary>
              <Twiml xml={step.twiml} what={`the TwiML of step ${at + 1}, ${stepText(step.step).toLowerCase()}`} />
            </details>
            {at < plan.length - 1 && <p className="small soft">If nobody takes it:</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}
