// What a deed on a number makes old.
import { useQueryClient } from "@tanstack/react-query";

/** Asks again for everything whose address begins so: numbers and what they cost, where nothing else is said. */
export function useStale(...more: string[]): () => Promise<void> {
  const queries = useQueryClient();
  const paths = ["/api/numbers", "/api/costs", "/api/vapi", ...more];
  return () =>
    queries.invalidateQueries({
      predicate: ({ queryKey }) => paths.some((path) => String(queryKey[1]).startsWith(path)),
    });
}
