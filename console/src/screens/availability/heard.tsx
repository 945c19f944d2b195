// The exact words a caller hears, as the engine would have them spoken with the settings as they are now.
import { useMemo } from "react";
import type { Outcome } from "../../api/schema";
import { Note } from "../../ui/badge";
import { phone } from "../../ui/phone";
import { stepText } from "../../ui/reasons";
import { SameBy } from "../../ui/same-by";
import { Loading } from "../../ui/states";
import { useChecked } from "./checked";
import { useEditor } from "./editor";

type Line = { kind: "says"; text: string; language: string | null } | { kind: "does"; text: string };

export function Heard() {
  const { tenant, settings } = useEditor();
  const { outcome, isWrong } = useChecked();
  const steps = useMemo(() => (outcome === undefined ? [] : fallbackOf(outcome)), [outcome]);
  const unrung =
    outcome !== undefined &&
    !isWrong &&
    settings.fallback?.type === "forward" &&
    !steps.some(({ step }) => step === "forward");
  return (
    <section className="heard stack" aria-label="What the caller hears">
      <div className="row apart">
        <h3>What the caller hears</h3>
        <SameBy
          cli={`patchbay tenants simulate ${tenant.slug} --availability settings.json`}
          request={{
            method: "POST",
            path: `/api/tenants/${tenant.id}/simulate`,
            body: { availability: settings },
          }}
        />
      </div>
      {isWrong && <Note tone="warn">These are the words from before, until what is marked as wrong is put right.</Note>}
      {unrung && (
        <Note tone="warn">
          As things are the numbers above are not rung: this tenant may not call there, or has no number to call from.
        </Note>
      )}
      {outcome === undefined && !isWrong && <Loading what="Asking for the words" />}
      <ol className="list-plain stack">
        {steps.map(({ step, lines }, at) => (
          <li key={at} className="stack tight">
            {steps.length > 1 && (
              <span className="small soft">{at === 0 ? stepText(step) : `Then: ${stepText(step)}`}</span>
            )}
            {lines.map((line, index) =>
              line.kind === "says" ? (
                <blockquote key={index} className="spoken" lang={line.language ?? undefined}>
                  {line.text}
                </blockquote>
              ) : (
                <p key={index} className="small soft">
                  {line.text}
                </p>
              ),
            )}
          </li>
        ))}
      </ol>
      <p className="small soft">Spoken in {languageOf(steps, tenant.language)}.</p>
    </section>
  );
}

interface Step {
  step: string;
  lines: Line[];
}

/** The steps after the AI, or all where the AI is not the first. */
function fallbackOf({ plan }: Outcome): Step[] {
  const steps = plan[0]?.step === "ai" ? plan.slice(1) : plan;
  return steps.map(({ step, twiml }) => ({ step, lines: linesOf(twiml) }));
}

function linesOf(twiml: string): Line[] {
  const response = new DOMParser().parseFromString(twiml, "text/xml").documentElement;
  return Array.from(response.children).flatMap((verb): Line[] => {
    switch (verb.tagName) {
      case "Say":
        return [{ kind: "says", text: verb.textContent ?? "", language: verb.getAttribute("language") }];
      case "Dial":
        return [{ kind: "does", text: dialled(verb) }];
      case "Record":
        return [{ kind: "does", text: "A tone, then the message: up to 5 minutes" }];
      case "Reject":
        return [{ kind: "does", text: "A busy tone" }];
      case "Hangup":
        return [{ kind: "does", text: "The call ends" }];
      case "Redirect":
        return [];
      default:
        return [{ kind: "does", text: verb.tagName }];
    }
  });
}

function dialled(dial: Element): string {
  const numbers = Array.from(dial.getElementsByTagName("Number"), (number) => phone(number.textContent ?? ""));
  if (numbers.length === 0) return "It rings at the AI";
  const how =
    numbers.length > 1 ? (dial.getAttribute("sequential") === "true" ? ", one after the other" : ", all at once") : "";
  return `It rings at ${numbers.join(", ")}${how}, ${dial.getAttribute("timeout") ?? "30"} s each`;
}

const NAMES = new Intl.DisplayNames(undefined, { type: "language" });

function languageOf(steps: Step[], ofTenant: string | undefined): string {
  const spoken = steps.flatMap(({ lines }) => lines).find((line) => line.kind === "says" && line.language !== null);
  const code = spoken?.kind === "says" && spoken.language !== null ? spoken.language : ofTenant;
  if (code === undefined) return "Twilio's standard language, English, as the tenant has none of its own";
  try {
    return NAMES.of(code) ?? code;
  } catch {
    return code;
  }
}
