// A form whose subject has no version to hold a change against: it is read again before it is saved, and compared.
import { useState } from "react";
import { Note } from "./badge";
import { Button } from "./button";

export interface Meanwhile {
  /** Somebody else changed it since it was read. */
  changed: boolean;
  /** Saves unless somebody else was faster. Answers whether it was saved. */
  save: (send: () => Promise<void>) => Promise<boolean>;
  /** Saves whatever stands there now. */
  insist: () => Promise<void>;
  theirs: () => void;
}

/** `seen` is what the form was filled from; `read` tells what stands there now. */
export function useMeanwhile(seen: unknown, read: () => Promise<unknown>, onTheirs: () => void): Meanwhile {
  const [waits, setWaits] = useState<{ send: () => Promise<void> }>();
  return {
    changed: waits !== undefined,
    save: async (send) => {
      const now = await read();
      if (JSON.stringify(now) !== JSON.stringify(seen)) {
        setWaits({ send });
        return false;
      }
      await send();
      return true;
    },
    insist: async () => {
      const send = waits?.send;
      setWaits(undefined);
      await send?.();
    },
    theirs: () => {
      setWaits(undefined);
      onTheirs();
    },
  };
}

export function MeanwhileNote({ of, onSaved }: { of: Meanwhile; onSaved?: () => void }) {
  const [busy, setBusy] = useState(false);
  if (!of.changed) return null;
  const mine = async () => {
    setBusy(true);
    try {
      await of.insist();
      onSaved?.();
    } finally {
      setBusy(false);
    }
  };
  return (
    <Note tone="warn" title="Somebody else changed this meanwhile">
      <p>Nothing of yours is lost, and nothing is saved yet.</p>
      <div className="row">
        <Button onPress={of.theirs}>Load theirs</Button>
        <Button look="primary" pending={busy} onPress={() => void mine()}>
          Keep mine
        </Button>
      </div>
    </Note>
  );
}
