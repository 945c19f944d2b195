// What every part of the editor shares: the settings as they are now, how they are changed, what is wrong with them.
import { createContext, type ReactNode, useContext } from "react";
import type { Availability, Fault, Tenant } from "../../api/schema";
import { type Path, pick } from "./settings";

export interface Editor {
  tenant: Tenant;
  settings: Availability;
  /** False for those who may only look. */
  mayEdit: boolean;
  /** Changes the value at a place; undefined takes it away. Changes of one `step` in a row are undone together. */
  edit: (path: Path, value: unknown, step?: string) => void;
  faults: Fault[];
}

const Context = createContext<Editor | undefined>(undefined);

export const EditorContext = Context;

export function useEditor(): Editor {
  const editor = useContext(Context);
  if (editor === undefined) throw new Error("this is a part of the editor");
  return editor;
}

export function useSetting(path: Path): unknown {
  return pick(useEditor().settings, path);
}

export function isUnder(fault: Fault, pointer: string): boolean {
  return fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`);
}

/** What is wrong at a place, or anywhere within it. */
export function useFault(pointer: string): string | undefined {
  const found = useEditor().faults.filter((fault) => isUnder(fault, pointer));
  return found.length === 0 ? undefined : found.map((fault) => fault.detail).join("; ");
}

/** A place a fault can be shown at, and be jumped to. */
export function Spot({ pointer, children, className }: { pointer: string; children: ReactNode; className?: string }) {
  return (
    <div data-pointer={pointer} className={className}>
      {children}
    </div>
  );
}

/** A fault under what it is about, where the field has no place of its own for it. */
export function FaultLine({ pointer }: { pointer: string }) {
  const fault = useFault(pointer);
  return fault === undefined ? null : <p className="field-error">{fault}</p>;
}
