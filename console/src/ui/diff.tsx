// What a change changed: each place in words, how it was, how it is since.
import type { Difference } from "../api/schema";
import { nothingSays, placeInWords, valueInWords } from "./change-words";
import { changesBetween } from "./changes";
import { Time } from "./time";
import "./diff.css";

export function Diff({
  changes,
  zone,
  labels,
  isNew,
  isGone,
}: {
  changes: Difference[];
  /** In which instants are told. */
  zone?: string;
  /** What the sides are, where two states are compared: then both are told of every place. */
  labels?: [before: string, after: string];
  /** What is made or gone as a whole has one side only. */
  isNew?: boolean;
  isGone?: boolean;
}) {
  // What the API tells as a whole is told by its parts.
  const told = changes.flatMap(({ before, after, pointer }) => changesBetween(before, after, pointer));
  if (told.length === 0) return <p className="soft">Nothing that can be seen changed.</p>;
  const [was, is] = labels ?? ["was", "is"];
  return (
    <dl className="diff">
      {told.map(({ pointer, before, after }) => {
        // That nothing was there needs no words; that a day was closed does.
        const hasBefore = !isNew && (labels !== undefined || before !== null || nothingSays(pointer));
        return (
          <div key={pointer}>
            <dt title={pointer}>{placeInWords(pointer)}</dt>
            <dd>
              {hasBefore && (
                <del>
                  <span className="hidden-to-eyes">{was} </span>
                  <Value value={before} pointer={pointer} zone={zone} />
                </del>
              )}
              {hasBefore && !isGone && <span aria-hidden="true">→</span>}
              {!isGone && (
                <ins>
                  <span className="hidden-to-eyes">{is} </span>
                  <Value value={after} pointer={pointer} zone={zone} />
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

function Value({ value, pointer, zone }: { value: unknown; pointer: string; zone: string | undefined }) {
  if (typeof value === "string" && INSTANT.test(value)) return <Time at={value} zone={zone} as="full" />;
  return <>{valueInWords(value, pointer, zone)}</>;
}
