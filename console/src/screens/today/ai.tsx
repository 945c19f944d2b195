// Whether Vapi takes calls, as the breakers see it.
import { Link } from "wouter";
import type { AiHealth } from "../../api/schema";
import { Badge, type Tone } from "../../ui/badge";
import { Panel } from "../../ui/page";

const STATES: Record<string, { tone: Tone; word: string; means: string }> = {
  closed: { tone: "good", word: "Well", means: "Vapi takes calls." },
  half_open: {
    tone: "warn",
    word: "Being tried",
    means: "Vapi failed; single calls are let through to see whether it is back. All others get the fallback.",
  },
  open: { tone: "bad", word: "Away", means: "Vapi does not take calls: every caller gets the fallback at once." },
};

function stateOf(state: string) {
  return STATES[state] ?? { tone: "plain" as const, word: state, means: "" };
}

export function AiPanel({ ai }: { ai: AiHealth }) {
  const whole = stateOf(ai.state);
  return (
    <Panel title="AI" actions={<Badge tone={whole.tone}>{whole.word}</Badge>}>
      <p>{whole.means}</p>
      {ai.targets.length > 0 && (
        <ul className="list-plain line-list" aria-label="Assistants and squads in trouble">
          {ai.targets.map(({ target, state }) => (
            <li key={target === null ? "vapi" : `${target.kind} ${target.id}`}>
              {target === null ? (
                <span>Vapi as a whole</span>
              ) : (
                <span>
                  {target.kind === "squad" ? "Squad" : "Assistant"} <code>{target.id}</code>{" "}
                  <Link className="small" href={`/tenants?targetId=${encodeURIComponent(target.id)}`}>
                    its tenants
                  </Link>
                </span>
              )}
              <Badge tone={stateOf(state).tone}>{stateOf(state).word}</Badge>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
