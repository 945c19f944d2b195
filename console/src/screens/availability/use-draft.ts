// The draft of a tenant's settings: read once, edited here, told of what others save, and not lost on the way.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useReducer } from "react";
import { asSent, http } from "../../api/client";
import type { Availability, Fault, Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { become, begun, type Deed, type Draft, isDirty, type Saved } from "./draft";

/** Unsaved drafts outlive their page, be it left by the back button or by a session that ended. By person and tenant. */
const kept = new Map<string, Draft>();

export function useDraft(tenant: Tenant) {
  const { by } = useSession();
  const key = `${by} ${tenant.id}`;
  const params = { path: { id: tenant.id } };
  const saved = useQuery<Saved, unknown>({
    queryKey: ["get", "/api/tenants/{id}/availability", { params }, "with its version"],
    queryFn: ({ signal }) => readSaved(tenant.id, signal),
  });
  const [draft, act] = useReducer(reduce, kept.get(key));
  const { data, refetch } = saved;
  useEffect(() => {
    if (data !== undefined) act({ do: "arrived", saved: data });
  }, [data]);
  // Whatever else changes the tenant may have changed its settings.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is why it is asked again
  useEffect(() => void refetch(), [tenant.version]);
  useEffect(() => {
    if (draft !== undefined && isDirty(draft)) kept.set(key, draft);
    else kept.delete(key);
  }, [draft, key]);
  return { draft, act, query: saved };
}

function reduce(draft: Draft | undefined, deed: Deed): Draft | undefined {
  if (draft !== undefined) return become(draft, deed);
  return deed.do === "arrived" ? begun(deed.saved) : undefined;
}

export async function readSaved(id: string, signal?: AbortSignal): Promise<Saved> {
  const init = { params: { path: { id } }, ...(signal === undefined ? {} : { signal }) };
  const { data, response } = await http.GET("/api/tenants/{id}/availability", init);
  return { availability: data as Availability, version: Number(/\d+/.exec(response.headers.get("etag") ?? "")?.[0]) };
}

export async function save(
  id: string,
  availability: Availability,
  version: number,
): Promise<Saved & { warnings: Fault[] }> {
  const { data } = await http.PUT("/api/tenants/{id}/availability", {
    params: { path: { id }, header: { "If-Match": `"${version}"` } },
    body: asSent(availability),
  });
  if (data === undefined) throw new Error("the server said nothing");
  return { availability: data.availability as Availability, version: data.version, warnings: data.warnings };
}
