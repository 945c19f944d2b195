// Things by their names where the API only tells their ids. Each is asked for once, and kept.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api } from "../api/client";

const KEPT_MS = 5 * 60_000;

function useTenant(id: string, enabled: boolean) {
  return api.useQuery("get", "/api/tenants/{id}", { params: { path: { id } } }, { enabled, staleTime: KEPT_MS });
}

function useOrganization(id: string, enabled: boolean) {
  return api.useQuery("get", "/api/orgs/{id}", { params: { path: { id } } }, { enabled, staleTime: KEPT_MS });
}

/** The name of a tenant, or of an organization; undefined while it is not known, null where there is none any more. */
export function useName(id: string | null): string | null | undefined {
  const isTenant = id?.startsWith("ten_") === true;
  const isOrg = id?.startsWith("org_") === true;
  const tenant = useTenant(id ?? "", isTenant);
  const org = useOrganization(id ?? "", isOrg);
  if (!isTenant && !isOrg) return null;
  const query = isTenant ? tenant : org;
  return query.data?.name ?? (query.error === null ? undefined : null);
}

/** A tenant or an organization, and the way to it. What is gone keeps its id. */
export function Named({ id, plain }: { id: string; plain?: boolean }): ReactNode {
  const name = useName(id);
  if (name === undefined) return <span className="soft">…</span>;
  if (name === null) {
    return (
      <span className="soft">
        <code>{id}</code>
      </span>
    );
  }
  if (plain === true) return name;
  return <Link href={id.startsWith("ten_") ? `/tenants/${id}` : `/organizations/${id}`}>{name}</Link>;
}
