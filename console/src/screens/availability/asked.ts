// What the engine is asked about settings that are not saved yet.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { asSent, http } from "../../api/client";
import type { Availability, Concurrency, Coverage, Outcome, Replay } from "../../api/schema";

/** Each state of the settings has an answer of its own, and is seldom seen again. */
const KEPT_MS = 60_000;

interface CoverageQuestion {
  availability: Availability;
  from: string;
  days: number;
}

export function useCoverage(id: string, body: CoverageQuestion) {
  return useQuery<Coverage, unknown>({
    queryKey: ["post", "/api/tenants/{id}/coverage", { params: { path: { id } }, body }],
    queryFn: ({ signal }) => ask<Coverage>("/api/tenants/{id}/coverage", id, body, signal),
    placeholderData: keepPreviousData,
    staleTime: KEPT_MS,
    gcTime: KEPT_MS,
  });
}

/** What a call at this moment would hear. A refusal names every fault of the settings, as saving would. */
export function useOutcome(id: string, availability: Availability) {
  const body = { availability };
  return useQuery<Outcome, unknown>({
    queryKey: ["post", "/api/tenants/{id}/simulate", { params: { path: { id } }, body }],
    queryFn: ({ signal }) => ask<Outcome>("/api/tenants/{id}/simulate", id, body, signal),
    placeholderData: keepPreviousData,
    staleTime: KEPT_MS,
    gcTime: KEPT_MS,
  });
}

export function useConcurrency(id: string, days: number) {
  return useQuery<Concurrency, unknown>({
    queryKey: ["get", "/api/tenants/{id}/concurrency", { params: { path: { id }, query: { days } } }],
    queryFn: async ({ signal }) => {
      const params = { path: { id }, query: { days } };
      return (await http.GET("/api/tenants/{id}/concurrency", { params, signal })).data as Concurrency;
    },
    staleTime: 5 * 60_000,
  });
}

export function askReplay(id: string, availability: Availability, from: Date, to: Date): Promise<Replay> {
  const body = { availability, from: from.toISOString(), to: to.toISOString() };
  return ask<Replay>("/api/tenants/{id}/replay", id, body);
}

type Question = "/api/tenants/{id}/coverage" | "/api/tenants/{id}/simulate" | "/api/tenants/{id}/replay";

/** The generated types take no `null` where a form names a key that must be null: settings are sent as they are. */
async function ask<T>(path: Question, id: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const init = { params: { path: { id } }, body: asSent(body), ...(signal === undefined ? {} : { signal }) };
  return (await http.POST(path, init)).data as T;
}
