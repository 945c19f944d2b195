// Tenants and organizations by their names where only their ids are told, and the way to them.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api } from "../api/client";

/** Most installations have no more than one page of them: then one question names them all. */
const PAGE = 200;

const KEEP_MS = 60_000;

export function useTenant(id: string | null | undefined) {
  const is = id !== null && id !== undefined && id !== "";
  const all = api.useQuery(
    "get",
    "/api/tenants",
    { params: { query: { limit: PAGE } } },
    { enabled: is, staleTime: KEEP_MS },
  );
  const listed = is ? all.data?.data.find((tenant) => tenant.id === id) : undefined;
  const asks = is && listed === undefined && !all.isPending;
  const one = api.useQuery(
    "get",
    "/api/tenants/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: asks, staleTime: KEEP_MS },
  );
  return { tenant: listed ?? one.data, gone: asks && one.isError };
}

/** The name of a tenant, or of an organization; undefined while it is not known, null where there is none any more. */
export function useName(id: string | null): string | null | undefined {
  const isOrg = id?.startsWith("org_") === true;
  const { tenant, gone } = useTenant(isOrg ? null : id);
  const org = api.useQuery(
    "get",
    "/api/orgs/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: isOrg, staleTime: KEEP_MS },
  );
  if (id === null) return null;
  if (isOrg) return org.data?.name ?? (org.error === null ? undefined : null);
  return gone ? null : tenant?.name;
}

/** A tenant or an organization, and the way to it. */
export function Named({
  id,
  to = "",
  gone,
}: {
  id: string | null;
  /** Which of its pages. */
  to?: string;
  /** What is said of one that is there no more; else its id is. */
  gone?: string;
}): ReactNode {
  const name = useName(id);
  if (id === null) return <span className="soft">Nobody</span>;
  if (name === null) return <span className="soft">{gone ?? <code>{id}</code>}</span>;
  return <Link href={`/${id.startsWith("org_") ? "organizations" : "tenants"}/${id}${to}`}>{name ?? "…"}</Link>;
}
