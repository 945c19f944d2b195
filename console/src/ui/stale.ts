// After something was changed: what is told of it is asked again.
import { useQueryClient } from "@tanstack/react-query";

/** Asks again for everything whose address begins so, and answers once it is there. */
export function useStale(...paths: string[]): () => Promise<void> {
  const queries = useQueryClient();
  return () =>
    queries.invalidateQueries({
      predicate: ({ queryKey }) => paths.some((path) => String(queryKey[1]).startsWith(path)),
    });
}
