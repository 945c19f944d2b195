// Somebody else saved meanwhile: what they changed, and the ways to go on, none of which loses anything.
import { Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { changeWords } from "./change-words";
import { canKeepBoth, type Deed, type Draft } from "./draft";
import { changesBetween } from "./settings";

export function Conflict({ draft, act }: { draft: Draft; act: (deed: Deed) => void }) {
  const { base, theirs } = draft;
  if (theirs === undefined) return null;
  const changed = changesBetween(base.availability, theirs.availability).map(changeWords);
  const both = canKeepBoth(draft);
  return (
    <Note tone="warn" title="Somebody else changed this meanwhile">
      <ul className="list-plain changes">
        {changed.map(({ what, before, after }) => (
          <li key={what}>
            <span className="strong">{what}</span> <del>{before}</del> <span aria-hidden="true">→</span>{" "}
            <ins>{after}</ins>
          </li>
        ))}
      </ul>
      <p>
        {both
          ? "Your changes are about other things, so both can be kept. Nothing of yours is saved yet."
          : "You both changed the same. Nothing of yours is saved yet."}
      </p>
      <div className="row">
        {both && (
          <Button look="primary" onPress={() => act({ do: "keep-both" })}>
            Keep both
          </Button>
        )}
        <Button onPress={() => act({ do: "take-theirs" })}>Load theirs</Button>
        <Button onPress={() => act({ do: "keep-mine" })}>Keep mine</Button>
      </div>
    </Note>
  );
}
