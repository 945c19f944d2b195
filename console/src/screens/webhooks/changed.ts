// What is asked again after an endpoint was changed, or something was sent.
import { useQueryClient } from "@tanstack/react-query";

export function useChanged() {
  const queries = useQueryClient();
  return () =>
    queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/api/webhooks") });
}
