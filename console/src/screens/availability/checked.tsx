// The settings held against the engine as one edits: what a call would meet, and every fault a save would be refused for.
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { Refused } from "../../api/client";
import type { Availability, Fault, Outcome } from "../../api/schema";
import { useOutcome } from "./asked";

interface Checked {
  outcome: Outcome | undefined;
  isWrong: boolean;
}

const Context = createContext<Checked>({ outcome: undefined, isWrong: false });

export function useChecked(): Checked {
  return useContext(Context);
}

export function CheckedContext({ value, children }: { value: Checked; children: ReactNode }) {
  return <Context value={value}>{children}</Context>;
}

const NONE: Fault[] = [];

export function useCheck(id: string, availability: Availability): Checked & { faults: Fault[] } {
  const asked = useOutcome(id, availability);
  const refused = asked.error instanceof Refused && asked.error.status === 422 ? asked.error : undefined;
  const [last, setLast] = useState<Outcome>();
  useEffect(() => {
    if (asked.data !== undefined) setLast(asked.data);
  }, [asked.data]);
  return { outcome: asked.data ?? last, isWrong: refused !== undefined, faults: faultsOf(refused) };
}

/** Faults by their place in the settings, wherever in the request those stood. */
export function faultsOf(refused: Refused | undefined): Fault[] {
  const faults = refused?.problem?.errors;
  if (faults === undefined) return NONE;
  return faults.map((fault) => ({ ...fault, pointer: fault.pointer.replace(/^\/availability(?=\/|$)/, "") }));
}
