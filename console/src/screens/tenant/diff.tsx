// Differences as people read them: where, what stood there, what stands there since.
import type { Difference } from "../../api/schema";
import { place, short, unfolded } from "./changes";
import "./diff.css";

export function Diff({
  changes,
  zone,
  labels = ["before", "after"],
}: {
  changes: Difference[];
  /** In which instants are told. */
  zone: string;
  labels?: [before: string, after: string];
}) {
  return (
    <dl className="diff">
      {changes.flatMap(unfolded).map((change) => (
        <div key={change.pointer}>
          <dt title={change.pointer}>{place(change.pointer)}</dt>
          <dd>
            <Change change={change} zone={zone} labels={labels} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Change({ change, zone, labels }: { change: Difference; zone: string; labels: [string, string] }) {
  const before = short(change.before, change.pointer, zone);
  const after = short(change.after, change.pointer, zone);
  if (before !== undefined && after !== undefined) {
    return (
      <span className="diff-line">
        <del>
          <span className="hidden-to-eyes">{labels[0]}: </span>
          {before}
        </del>
        <span aria-hidden="true"> → </span>
        <ins>
          <span className="hidden-to-eyes">{labels[1]}: </span>
          {after}
        </ins>
      </span>
    );
  }
  return (
    <span className="diff-blocks">
      <Block label={labels[0]} text={before ?? JSON.stringify(change.before, null, 2)} />
      <Block label={labels[1]} text={after ?? JSON.stringify(change.after, null, 2)} isNew />
    </span>
  );
}

function Block({ label, text, isNew }: { label: string; text: string; isNew?: boolean }) {
  return (
    <span className="stack tight">
      <span className="soft small">{label}</span>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className={isNew === true ? "diff-new" : "diff-old"} tabIndex={0} role="group" aria-label={label}>
        {text}
      </pre>
    </span>
  );
}
