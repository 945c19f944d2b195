// Two people changed the same thing: nothing that was typed is lost, and nothing of the other is overwritten unseen.
import { Refused } from "../api/client";
import { Note } from "./badge";
import { Button } from "./button";

export function isConflict(error: unknown): boolean {
  return error instanceof Refused && error.status === 412;
}

export function Conflict({ onTheirs, onMine, busy }: { onTheirs: () => void; onMine: () => void; busy?: boolean }) {
  return (
    <Note tone="warn" title="Somebody else changed this meanwhile">
      <p>Nothing was saved. Look at what they made of it, or save yours over it.</p>
      <div className="row">
        <Button onPress={onTheirs}>Load theirs</Button>
        <Button onPress={onMine} pending={busy ?? false}>
          Keep mine
        </Button>
      </div>
    </Note>
  );
}
