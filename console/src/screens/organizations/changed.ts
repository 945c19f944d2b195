// What is asked again after an organization was changed.
import { useQueryClient } from "@tanstack/react-query";

export function useChanged() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/api/orgs") });
}
