// Short words about what was just done. They are read out, go by themselves, and never hold what cannot be missed.
import { useEffect, useSyncExternalStore } from "react";
import { Button } from "./button";
import { Icon } from "./icon";

interface Said {
  id: number;
  text: string;
  tone: "good" | "bad";
}

const LASTS_MS = 6000;

let said: Said[] = [];
let next = 1;
const listeners = new Set<() => void>();

function change(to: Said[]) {
  said = to;
  for (const listener of listeners) listener();
}

/** Says it on whatever screen is open. */
export function say(text: string, tone: Said["tone"] = "good") {
  change([...said.filter((one) => one.text !== text), { id: next++, text, tone }].slice(-3));
}

export function Toasts() {
  const now = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => said,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {now.map((one) => (
        <Toast key={one.id} said={one} />
      ))}
    </div>
  );
}

function Toast({ said: one }: { said: Said }) {
  const gone = () => change(said.filter((other) => other.id !== one.id));
  // biome-ignore lint/correctness/useExhaustiveDependencies: its time begins when it is said, once
  useEffect(() => {
    const timer = setTimeout(gone, LASTS_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={`toast ${one.tone}`}>
      <span>{one.text}</span>
      <Button look="quiet" onPress={gone} aria-label="Dismiss">
        <Icon name="close" />
      </Button>
    </div>
  );
}
