// A tenant where only its id is told: by its name, with its zone, and the way to it.
import { Link } from "wouter";
import { api } from "../api/client";

/** Most installations have no more than one page of them: then one question names them all. */
const PAGE = 200;

const KEEP_MS = 60_000;

export function useTenant(id: string | null | undefined) {
  const all = api.useQuery("get", "/api/tenants", { params: { query: { limit: PAGE } } }, { staleTime: KEEP_MS });
  const listed = all.data?.data.find((tenant) => tenant.id === id);
  const asks = id !== null && id !== undefined && listed === undefined && !all.isPending;
  const one = api.useQuery(
    "get",
    "/api/tenants/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: asks, staleTime: KEEP_MS },
  );
  return { tenant: listed ?? one.data, gone: asks && one.isError };
}

export function TenantName({ id, to = "" }: { id: string | null; to?: string }) {
  const { tenant, gone } = useTenant(id);
  if (id === null) return <span className="soft">Nobody</span>;
  if (gone) return <span className="soft">No longer here</span>;
  return <Link href={`/tenants/${id}${to}`}>{tenant?.name ?? "…"}</Link>;
}
