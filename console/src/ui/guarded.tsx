// A change that is held against the version somebody saw when they made it. Where somebody else was faster, nothing is
// lost: what they did is said, and it is asked whose shall stand.
import { type ReactNode, useState } from "react";
import { Refused, words } from "../api/client";
import { Note } from "./badge";
import { Button } from "./button";

interface Guarded<A> {
  run: (what: A) => Promise<boolean>;
  busy: boolean;
  error: unknown;
  /** What was to be done while somebody else changed the same. */
  conflict: { what: A } | undefined;
  keepMine: () => Promise<boolean>;
  takeTheirs: () => void;
}

/** `send` gets the version to hold it against; `reread` says which one it is by now, and shows it. */
export function useGuarded<A>(
  version: number,
  send: (what: A, ifMatch: string) => Promise<unknown>,
  reread: () => Promise<number>,
): Guarded<A> {
  return useHeld(version, (what, at) => send(what, `"${at}"`), reread);
}

class Overtaken extends Error {}

/** For what has no version: it is read again before it is sent, and compared with what was `seen`. */
export function useCompared<A, S>(seen: S, send: (what: A) => Promise<unknown>, read: () => Promise<S>): Guarded<A> {
  const sendIfSame = async (what: A, before: S) => {
    if (JSON.stringify(await read()) !== JSON.stringify(before)) throw new Overtaken();
    await send(what);
  };
  return useHeld(seen, sendIfSame, read);
}

function useHeld<A, S>(seen: S, send: (what: A, seen: S) => Promise<unknown>, reread: () => Promise<S>): Guarded<A> {
  const [state, setState] = useState<{ busy: boolean; error?: unknown; conflict?: { what: A } }>({ busy: false });
  const attempt = async (what: A, at: S): Promise<boolean> => {
    setState({ busy: true });
    try {
      await send(what, at);
      setState({ busy: false });
      return true;
    } catch (error) {
      if (!isOvertaken(error)) {
        setState({ busy: false, error });
        return false;
      }
      setState({ busy: false, conflict: { what } });
      // So that what they did can be seen.
      reread().catch(() => undefined);
      return false;
    }
  };
  return {
    run: (what) => attempt(what, seen),
    busy: state.busy,
    error: state.error,
    conflict: state.conflict,
    keepMine: async () => {
      const { conflict } = state;
      if (conflict === undefined) return false;
      setState({ busy: true, conflict });
      try {
        return await attempt(conflict.what, await reread());
      } catch (error) {
        setState({ busy: false, error, conflict });
        return false;
      }
    },
    takeTheirs: () => setState({ busy: false }),
  };
}

function isOvertaken(error: unknown): boolean {
  return error instanceof Overtaken || (error instanceof Refused && error.status === 412);
}

/** What came of a guarded change where it did not work. */
export function GuardedNote<A>({
  of,
  onTheirs,
  onMine,
  isPlaced,
  children,
}: {
  of: Guarded<A>;
  /** What is wrong stands at the fields already. */
  isPlaced?: boolean;
  /** What they changed, where it can be told. */
  children?: ReactNode;
  onTheirs?: () => void;
  onMine?: () => void;
}) {
  if (of.conflict !== undefined) {
    return (
      <Note tone="warn" title="Somebody else changed this meanwhile">
        <p>Nothing of yours is lost, and nothing is saved yet. Look at theirs, or save yours over it.</p>
        {children}
        <div className="row">
          <Button
            onPress={() => {
              of.takeTheirs();
              onTheirs?.();
            }}
          >
            Load theirs
          </Button>
          <Button look="primary" pending={of.busy} onPress={async () => (await of.keepMine()) && onMine?.()}>
            Keep mine
          </Button>
        </div>
      </Note>
    );
  }
  return of.error === undefined || isPlaced === true ? null : <Note tone="bad">{words(of.error)}</Note>;
}
