// Why a call goes where it goes: each rule that was asked, what it saw, what it said. The last one settled it.
import type { Decision, Trace } from "../api/schema";
import { Badge } from "./badge";
import { reasonText, ruleText } from "./reasons";
import "./trace.css";

export function TraceList({ of: trace }: { of: Trace[] }) {
  if (trace.length === 0)
    return <p className="soft">The settings of then are no longer kept, so no rule can be asked.</p>;
  return (
    <ol className="trace list-plain" aria-label="The rules, in the order they were asked">
      {trace.map((one, at) => (
        <TraceStep key={at} trace={one} settled={at === trace.length - 1} />
      ))}
    </ol>
  );
}

function TraceStep({ trace, settled }: { trace: Trace; settled: boolean }) {
  const verdict = verdictOf(trace.said);
  return (
    <li className={settled ? "trace-step settled" : "trace-step"}>
      <div className="row">
        <span className="strong">{ruleText(trace.rule)}</span>
        <code className="soft small">{trace.rule}</code>
        {settled && <Badge tone={verdict?.tone ?? "plain"}>This settled it</Badge>}
      </div>
      <p className="soft">{trace.saw}</p>
      <p>{verdict === undefined ? sentence(trace.said) : verdict.text}</p>
    </li>
  );
}

/** `AI answers: after-hours`, `fallback: disabled`, `loop`: the words of the engine, in those of people. */
function verdictOf(said: string): { tone: "ai" | "people"; text: string } | undefined {
  const [who, reason] = said.includes(": ") ? said.split(": ", 2) : ["", said];
  if (reason === undefined || reasonText(reason) === reason) return undefined;
  const ai = who === "AI answers";
  if (who === "") return { tone: "people", text: reasonText(reason) };
  return { tone: ai ? "ai" : "people", text: `${whoAnswers(ai)}: ${lower(reasonText(reason))}` };
}

export function whoAnswers(available: boolean): string {
  return available ? "The AI answers" : "The AI does not answer";
}

/** A decision in one line. */
export function Verdict({ decision }: { decision: Decision }) {
  return (
    <span className="row verdict">
      <Badge tone={decision.available ? "ai" : "people"}>{whoAnswers(decision.available)}</Badge>
      <span>{reasonText(decision.reason)}</span>
    </span>
  );
}

function lower(text: string): string {
  return /^(AI|The AI|Vapi)/.test(text) ? text.replace(/^The /, "the ") : text.charAt(0).toLowerCase() + text.slice(1);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
