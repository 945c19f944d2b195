// What Twilio is answered, laid out and coloured, to be read and to be taken away.
import { useMemo } from "react";
import { Copy } from "./copy";
import { laidOut, pretty } from "./xml";
import "./twiml.css";

export function Twiml({ xml, what }: { xml: string; what: string }) {
  const lines = useMemo(() => laidOut(xml), [xml]);
  return (
    <div className="code twiml">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre tabIndex={0} role="group" aria-label={what}>
        {lines.map((line, at) => (
          <span key={at}>
            {line.map((token, index) =>
              token.kind === "space" ? (
                token.text
              ) : (
                <span key={index} className={`twiml-${token.kind}`}>
                  {token.text}
                </span>
              ),
            )}
            {"\n"}
          </span>
        ))}
      </pre>
      <Copy text={pretty(xml)} what={what} />
    </div>
  );
}
