// After an organization was changed: what is told of organizations is asked again.
import { useQueryClient } from "@tanstack/react-query";
import { http } from "../../api/client";
import type { Organization } from "../../api/schema";

export function useChanged() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/api/orgs") });
}

/** Reads the organization anew, shows it, and says which version it is. */
export function useReread(org: Organization) {
  const changed = useChanged();
  return async () => {
    const { data } = await http.GET("/api/orgs/{id}", { params: { path: { id: org.id } } });
    void changed();
    return data?.version ?? org.version;
  };
}
