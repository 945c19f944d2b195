// Settings while they are edited: what was read, what became of it, and what somebody else saved meanwhile.
import type { Availability } from "../../api/schema";
import { changesBetween, meet, same, withChanges } from "./settings";

export interface Saved {
  availability: Availability;
  version: number;
}

export interface Draft {
  /** What was read, and what a save must still find. */
  base: Saved;
  settings: Availability;
  /** What somebody else saved since, where it is not what was read. */
  theirs: Saved | undefined;
  /** What it was before each step, the last one last. */
  past: Availability[];
  /** What the last step was: typing on is one step. */
  step: string | undefined;
}

export type Deed =
  | { do: "edit"; settings: Availability; step?: string | undefined }
  | { do: "undo" }
  | { do: "undo-all" }
  | { do: "arrived"; saved: Saved }
  | { do: "saved"; saved: Saved }
  | { do: "take-theirs" }
  | { do: "keep-mine" }
  | { do: "keep-both" };

/** Nobody goes back further by single steps. */
const STEPS_MAX = 200;

export function begun(saved: Saved): Draft {
  return { base: saved, settings: saved.availability, theirs: undefined, past: [], step: undefined };
}

export function isDirty(draft: Draft): boolean {
  return !same(draft.base.availability, draft.settings);
}

/** Whether what two people changed can both be had. */
export function canKeepBoth({ base, settings, theirs }: Draft): boolean {
  if (theirs === undefined) return false;
  const [mine, others] = [base, theirs].map(({ availability }, index) =>
    changesBetween(base.availability, index === 0 ? settings : availability),
  );
  return !meet(mine ?? [], others ?? []);
}

export function become(draft: Draft, deed: Deed): Draft {
  const { base, settings, theirs, past } = draft;
  const stepTo = (next: Availability, step?: string): Draft => ({
    ...draft,
    settings: next,
    past: step !== undefined && step === draft.step ? past : [...past, settings].slice(-STEPS_MAX),
    step,
  });
  switch (deed.do) {
    case "edit":
      return same(deed.settings, settings) ? draft : stepTo(deed.settings, deed.step);
    case "undo":
      return { ...draft, settings: past.at(-1) ?? settings, past: past.slice(0, -1), step: undefined };
    case "undo-all":
      return isDirty(draft) ? stepTo(base.availability) : draft;
    case "arrived":
      return arrived(draft, deed.saved);
    // Whoever went on typing while it was saved loses nothing.
    case "saved":
      return { ...begun(deed.saved), settings };
    case "take-theirs":
      return theirs === undefined ? draft : { ...stepTo(theirs.availability), base: theirs, theirs: undefined };
    case "keep-mine":
      return theirs === undefined ? draft : { ...draft, base: theirs, theirs: undefined };
    case "keep-both": {
      if (theirs === undefined) return draft;
      const mine = changesBetween(base.availability, settings);
      return { ...stepTo(withChanges(theirs.availability, mine)), base: theirs, theirs: undefined };
    }
  }
}

function arrived(draft: Draft, saved: Saved): Draft {
  if (saved.version < draft.base.version) return draft;
  if (same(saved.availability, draft.base.availability)) {
    // Something else of the tenant was changed: the settings were not.
    const theirs = draft.theirs !== undefined && draft.theirs.version <= saved.version ? undefined : draft.theirs;
    return saved.version === draft.base.version && theirs === draft.theirs ? draft : { ...draft, base: saved, theirs };
  }
  const isMine = same(saved.availability, draft.settings);
  return isDirty(draft) && !isMine ? { ...draft, theirs: saved } : begun(saved);
}
