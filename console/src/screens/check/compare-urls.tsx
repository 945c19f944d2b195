// A small tool: the URL from Twilio's error log beside the public URL, character by character.
import { useEffect, useState } from "react";
import { Note } from "../../ui/badge";
import { TextField } from "../../ui/field";
import { Panel } from "../../ui/page";
import { Empty } from "../../ui/states";
import { compare, nearest, type Piece } from "./compare";

export function CompareUrls({
  bases,
  asked,
  onAsk,
}: {
  bases: string[];
  /** What stands in the address. */
  asked: string;
  onAsk: (url: string) => void;
}) {
  const [raw, setRaw] = useState(asked);
  useEffect(() => setRaw((now) => (now.trim() === asked ? now : asked)), [asked]);
  const type = (text: string) => {
    setRaw(text);
    onAsk(text.trim());
  };
  return (
    <Panel title="Compare the URLs" lead="What Twilio calls must be what patchbay is known by, letter for letter.">
      {bases.length === 0 ? (
        <Empty title="No public URL is set">
          Only a caller on this machine is believed. Set edge.public_url to the address Twilio is to call.
        </Empty>
      ) : (
        <>
          <div>
            <p className="label-like">Public URLs, as patchbay knows them</p>
            <ul className="list-plain">
              {bases.map((base) => (
                <li key={base}>
                  <code>{base}</code>
                </li>
              ))}
            </ul>
          </div>
          <TextField
            label="The URL Twilio calls"
            mono
            value={raw}
            onChange={type}
            placeholder={`${bases[0]}/api/twilio/voice`}
            autoComplete="off"
            hint="From the number's settings at Twilio, or from the request in its error log."
          />
          <div aria-live="polite">{raw.trim() !== "" && <Compared raw={raw} bases={bases} />}</div>
        </>
      )}
    </Panel>
  );
}

function Compared({ raw, bases }: { raw: string; bases: string[] }) {
  const base = nearest(raw, bases);
  if (base === undefined) return null;
  const { findings, harmless, called, expected } = compare(raw, base);
  return (
    <div className="stack">
      <div className="beside">
        <span className="soft">Twilio calls</span>
        <Pieces of={called} />
        <span className="soft">patchbay expects</span>
        <Pieces of={expected} />
      </div>
      {findings.length === 0 ? (
        <Note tone="good" title="They fit">
          <p>It is not the URL. Look at the auth token next: a rotated one is refused until it is put in here.</p>
        </Note>
      ) : (
        <Note tone="warn" title={findings.length === 1 ? "They differ" : `They differ in ${findings.length} ways`}>
          <ul className="differences">
            {findings.map(({ what, todo }) => (
              <li key={what}>
                {what} {todo}
              </li>
            ))}
          </ul>
        </Note>
      )}
      {harmless.map((one) => (
        <p key={one} className="small soft">
          {one}
        </p>
      ))}
    </div>
  );
}

function Pieces({ of }: { of: Piece[] }) {
  return (
    <code className="pieces">
      {of.map(({ text, same }, index) => {
        const key = `${index} ${text}`;
        return same ? <span key={key}>{text}</span> : <mark key={key}>{text}</mark>;
      })}
    </code>
  );
}
