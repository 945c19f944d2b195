// A change held against the version it was made of: saved, refused, or overtaken by somebody else's.
import { useState } from "react";
import { isConflict } from "./conflict";

export interface Save {
  busy: boolean;
  /** Why it was refused; not where somebody else was faster. */
  error: unknown;
  /** Somebody else was faster. */
  overtaken: boolean;
  /** True if it is saved. */
  run: (version: number) => Promise<boolean>;
  forget: () => void;
}

/** `send` gets what `If-Match` has to say. */
export function useSave(send: (ifMatch: string) => Promise<unknown>): Save {
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const overtaken = isConflict(state.error);
  return {
    busy: state.busy,
    error: overtaken ? undefined : state.error,
    overtaken,
    run: async (version) => {
      setState({ busy: true });
      try {
        await send(`"${version}"`);
        setState({ busy: false });
        return true;
      } catch (error) {
        setState({ busy: false, error });
        return false;
      }
    },
    forget: () => setState({ busy: false }),
  };
}
