// The story of a call, from the webhook to its end, each moment with what was answered.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api } from "../../api/client";
import type { AiReport, CallDetail, CallEvent } from "../../api/schema";
import { Badge, type Tone } from "../../ui/badge";
import { called, phone } from "../../ui/phone";
import { stepName, stepText } from "../../ui/reasons";
import { lasting } from "../../ui/time";
import { TraceList } from "../../ui/trace";
import { afterText, callbackOf, clockText, entranceOf, eventText, statusText, tookText } from "./words";

interface Moment {
  key: string;
  at: string;
  tone: Tone;
  what: ReactNode;
}

export function Timeline({ call, zone }: { call: CallDetail; zone: string }) {
  const left = api.useQuery("get", "/api/voicemails", { params: { query: { callSid: call.sid } } });
  const voicemails = left.data?.data ?? [];
  const later: Moment[] = [
    ...call.events.map((event, at) => ({
      key: `event ${at}`,
      at: event.at,
      tone: toneOf(event),
      what: <Event of={event} />,
    })),
    ...voicemails.map((voicemail) => ({
      key: voicemail.id,
      at: voicemail.createdAt,
      tone: "people" as const,
      what: (
        <p>
          A message was left{voicemail.duration !== null && `, ${lasting(voicemail.duration)}`} ·{" "}
          <Link href={`/voicemails?show=all&q=${call.sid}`}>Listen</Link>
        </p>
      ),
    })),
    ...(call.report === null
      ? []
      : [{ key: "report", at: call.report.at, tone: "ai" as const, what: <Report of={call.report} /> }]),
    ...(call.endedAt === null
      ? []
      : [{ key: "end", at: call.endedAt, tone: "plain" as const, what: <End call={call} /> }]),
  ].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return (
    <ol className="timeline list-plain">
      {[...beginning(call), ...later, ...(call.live ? [underWay(call)] : [])].map(({ key, at, tone, what }) => (
        <li key={key} className={`moment ${tone}`}>
          <span className="moment-when">
            {key === "live" ? (
              "now"
            ) : key === "in" ? (
              <time dateTime={at}>{clockText(at, zone)}</time>
            ) : (
              afterText(call.at, at)
            )}
          </span>
          <div className="stack tight">{what}</div>
        </li>
      ))}
    </ol>
  );
}

function beginning(call: CallDetail): Moment[] {
  return [
    {
      key: "in",
      at: call.at,
      tone: "plain",
      what: (
        <>
          <p>
            <span className="strong">
              {phone(call.from)} calls {called(call.to)}
            </span>
          </p>
          <p className="small soft">
            <code>POST {entranceOf(call.arrival)}</code> · answered in {tookText(call.tookUs)} · request{" "}
            <code>{call.requestId}</code>
          </p>
        </>
      ),
    },
    {
      key: "decision",
      at: call.at,
      tone: call.decision.available ? "ai" : "people",
      what: (
        <>
          <p className="strong">Decided</p>
          <TraceList of={call.trace} />
        </>
      ),
    },
    {
      key: "first",
      at: call.at,
      tone: call.step === "ai" ? "ai" : "people",
      what: <Answered step={call.step} first />,
    },
  ];
}

function underWay(call: CallDetail): Moment {
  return {
    key: "live",
    at: call.at,
    tone: "good",
    what: <p>The call is under way. What happens next appears here.</p>,
  };
}

function toneOf({ step }: CallEvent): Tone {
  if (step === null || stepName(step) === "hang-up") return "plain";
  return stepName(step) === "ai" ? "ai" : "people";
}

function Event({ of: { what, outcome, step } }: { of: CallEvent }) {
  const callback = callbackOf(what);
  return (
    <>
      <p className="strong">{eventText(what, outcome)}</p>
      {step !== null && <Answered step={step} />}
      <p className="small soft">
        {callback !== undefined && (
          <>
            <code>POST {callback}</code> ·{" "}
          </>
        )}
        <code>{what}</code>
        {outcome !== null && (
          <>
            {" "}
            <code>{outcome}</code>
          </>
        )}
      </p>
    </>
  );
}

function Answered({ step, first }: { step: string; first?: boolean }) {
  const tone = stepName(step) === "ai" ? "ai" : stepName(step) === "hang-up" ? "plain" : "people";
  const whom = /^refer-(\d+)/.exec(step)?.[1];
  return (
    <p className="row">
      <span className={first === true ? "strong" : undefined}>{first === true ? "First answer" : "Then"}</span>
      <Badge tone={tone}>{stepText(step)}</Badge>
      {whom !== undefined && <span>to {phone(`+${whom}`)}</span>}
      <code className="small soft">{step}</code>
    </p>
  );
}

function Report({ of: report }: { of: AiReport }) {
  const { durationSeconds, costUsd, endedReason, summary, recordingUrl, vapiCallId } = report;
  const facts = [
    durationSeconds !== null && lasting(durationSeconds),
    costUsd !== null && `US$ ${costUsd.toFixed(costUsd < 0.1 ? 4 : 2)}`,
    endedReason !== null && `ended by ${endedReason}`,
  ].filter((fact) => fact !== false);
  return (
    <>
      <p className="strong">Vapi’s report</p>
      {facts.length > 0 && <p>{facts.join(" · ")}</p>}
      {summary !== null && <p>{summary}</p>}
      <p className="row small">
        {recordingUrl !== null && isWeb(recordingUrl) && (
          <a href={recordingUrl} rel="noreferrer" target="_blank">
            Recording at Vapi
          </a>
        )}
        {vapiCallId !== null && (
          <span className="soft">
            call <code>{vapiCallId}</code>
          </span>
        )}
      </p>
    </>
  );
}

/** What a provider sends is no link until it is one. */
function isWeb(url: string): boolean {
  return /^https:\/\//i.test(url);
}

function End({ call }: { call: CallDetail }) {
  return (
    <>
      <p className="strong">The call is over</p>
      <p className="small soft">
        {statusText(call.status)}
        {call.durationSeconds !== null && ` · ${lasting(call.durationSeconds)} by Twilio’s count`}
      </p>
    </>
  );
}
