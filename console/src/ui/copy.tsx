// Texts that are made to be taken elsewhere.
import { useEffect, useState } from "react";
import { Button } from "./button";
import { Icon } from "./icon";
import { say } from "./toast";

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      say(`${what} copied`);
    } catch {
      say(`The browser did not let ${what} be copied: mark it and copy it by hand`, "bad");
    }
  };
  return (
    <Button look="quiet" onPress={() => void copy()} aria-label={`Copy ${what}`}>
      <Icon name={done ? "check" : "copy"} />
    </Button>
  );
}

/** An id in a line, with a button that copies it. */
export function Id({ text, what }: { text: string; what: string }) {
  return (
    <span className="id">
      <code>{text}</code>
      <Copy text={text} what={what} />
    </span>
  );
}

/** A text of machines in a frame, with a button that copies it. */
export function Code({ text, what, wrap }: { text: string; what: string; wrap?: boolean }) {
  return (
    <div className="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className={wrap === true ? "wrap" : undefined} tabIndex={0} role="group" aria-label={what}>
        {text}
      </pre>
      <Copy text={text} what={what} />
    </div>
  );
}
