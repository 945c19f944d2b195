// What a deed on a number makes old.
import { useStale as useStaleAt } from "../../ui/stale";

/** Asks again for numbers, what they cost, and what else is said. */
export function useStale(...more: string[]): () => Promise<void> {
  return useStaleAt("/api/numbers", "/api/costs", "/api/vapi", ...more);
}
