// Names and prices of tenants, for lists of numbers: one question for most, one more for whoever is not in it.
import { api } from "../../api/client";
import type { TenantCosts } from "../../api/schema";

const KEPT_MS = 60_000;

/** The first tenants by name, and what the installation pays. */
export function useCosts() {
  return api.useQuery("get", "/api/costs", { params: { query: { limit: 200 } } }, { staleTime: KEPT_MS });
}

/** What one tenant costs, and what it is called. */
export function useTenantCosts(tenantId: string | null): TenantCosts | undefined {
  const all = useCosts().data;
  const known = all?.data.find((one) => one.tenantId === tenantId);
  const own = api.useQuery(
    "get",
    "/api/costs",
    { params: { query: { tenantId: tenantId ?? "", limit: 1 } } },
    { enabled: tenantId !== null && all !== undefined && known === undefined, staleTime: KEPT_MS },
  );
  return known ?? own.data?.data[0];
}
