// A secret that is shown once: to be taken now, or made anew.
import type { ReactNode } from "react";
import { Note } from "./badge";
import { Code } from "./copy";

export function Secret({ what, text, children }: { what: string; text: string; children?: ReactNode }) {
  return (
    <div className="stack">
      <Note tone="warn" title="It is shown now and never again">
        {children}
      </Note>
      <Code what={what} text={text} wrap />
    </div>
  );
}
