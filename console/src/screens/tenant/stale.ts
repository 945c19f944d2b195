// After something of a tenant was changed: everything that is told of tenants is asked again.
import { http } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { useStale } from "../../ui/stale";

/** Asks again what is on the page, and answers once it is there. */
export function useRefresh() {
  return useStale("/api/tenants");
}

/** Reads the tenant anew, shows it, and says which version it is. */
export function useReread(tenant: Tenant) {
  const refresh = useRefresh();
  return async () => {
    const { data } = await http.GET("/api/tenants/{id}", { params: { path: { id: tenant.id } } });
    void refresh();
    return data?.version ?? tenant.version;
  };
}
