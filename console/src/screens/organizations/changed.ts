// After an organization was changed: what is told of organizations is asked again.
import { http } from "../../api/client";
import type { Organization } from "../../api/schema";
import { useStale } from "../../ui/stale";

export function useChanged() {
  return useStale("/api/orgs");
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
