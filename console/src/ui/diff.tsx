// What a change changed: each place in words, how it was, how it is since.
import { type Change, changesBetween, isWeekday, placeInWords, valueInWords } from "./changes";
import { phone } from "./phone";
import { Time } from "./time";
import "./diff.css";

/** Either two states of a thing, or the places at which they differ, as the API lists them. */
type Of = { before: unknown; after: unknown } | { changes: Change[] };

export function Diff({ zone, ...of }: Of & { zone?: string | undefined }) {
  const changes = "changes" in of ? of.changes : changesBetween(of.before, of.after);
  if (changes.length === 0) return <p className="soft">Nothing that can be seen changed.</p>;
  // What is made or gone as a whole has one side only.
  const isNew = "before" in of && (of.before ?? null) === null;
  const isGone = "after" in of && (of.after ?? null) === null;
  return (
    <dl className="diff">
      {changes.map(({ pointer, before, after }) => {
        const name = pointer.slice(pointer.lastIndexOf("/") + 1);
        // That nothing was there needs no words; that a day was closed does.
        const hasBefore = !isNew && ((before ?? null) !== null || isWeekday(name));
        return (
          <div key={pointer}>
            <dt title={pointer}>{placeInWords(pointer)}</dt>
            <dd>
              {hasBefore && (
                <del>
                  <span className="hidden-to-eyes">was </span>
                  <Value value={before} name={name} zone={zone} />
                </del>
              )}
              {hasBefore && !isGone && <span aria-hidden="true">→</span>}
              {!isGone && (
                <ins>
                  <span className="hidden-to-eyes">is </span>
                  <Value value={after} name={name} zone={zone} />
                </ins>
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function Value({ value, name, zone }: { value: unknown; name: string; zone: string | undefined }) {
  if (typeof value === "string" && INSTANT.test(value)) return <Time at={value} zone={zone} as="full" />;
  if (typeof value === "string" && /^\+\d{7,15}$/.test(value)) return <>{phone(value)}</>;
  return <>{valueInWords(value, name)}</>;
}
