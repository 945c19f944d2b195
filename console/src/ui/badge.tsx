// A word with a colour. The colour only repeats what the word says.
import type { ReactNode } from "react";

export type Tone = "ai" | "people" | "depends" | "good" | "warn" | "bad" | "plain";

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

/** A message that belongs to the page: something to know, or something to do. */
export function Note({ tone = "plain", title, children }: { tone?: Tone; title?: string; children?: ReactNode }) {
  return (
    <div className={`note ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      {title !== undefined && <p className="strong">{title}</p>}
      {children}
    </div>
  );
}
