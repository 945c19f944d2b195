// What happens, as it happens: one stream for the whole console. It says what is stale; the queries ask again.
import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import type { CallBeganEvent, CallEndedEvent, CallEventEvent, EventSnapshot, JobEvent, LiveCall } from "./schema";

/** Longest until the stream is tried again. The browser tries by itself too, but not after every kind of failure. */
const RETRY_MAX_MS = 10_000;

/** Longest a change waits until what it makes stale is asked again: many calls a second ask once. */
const GATHER_MS = 400;

/** What happens in a call is told at once and kept within a second: after this long it is there to be asked for. */
const KEPT_MS = 2000;

export interface Live {
  /** False while nothing is heard: what stands on the page may be old. */
  connected: boolean;
  calls: LiveCall[];
  /** How many there are; the list holds a thousand at most. */
  count: number;
  /** Why each live call went where it went, where it began while we listened. */
  why: Map<string, CallBeganEvent>;
}

export type Heard =
  | { kind: "call.began"; data: CallBeganEvent }
  | { kind: "call.event"; data: CallEventEvent }
  | { kind: "call.ended"; data: CallEndedEvent }
  | { kind: "job"; data: JobEvent };

let live: Live = { connected: false, calls: [], count: 0, why: new Map() };
const watchers = new Set<() => void>();
const listeners = new Set<(heard: Heard) => void>();

function become(next: Partial<Live>) {
  live = { ...live, ...next };
  for (const watcher of watchers) watcher();
}

/** The live calls and whether they are the truth. */
export function useLive(): Live {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => live,
  );
}

/** Tells of each call and job from now on. */
export function onHeard(listener: (heard: Heard) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Listens until it is told to stop. */
export function listen(queries: QueryClient): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let waits = 500;
  let stopped = false;
  const stale = gathered(queries, GATHER_MS);
  const staleOnceKept = gathered(queries, KEPT_MS);
  const told = (...paths: string[]) => {
    stale(...paths);
    staleOnceKept(...paths);
  };

  const open = () => {
    source = new EventSource("/api/events");
    const on = <T>(name: string, hear: (data: T) => void) =>
      source?.addEventListener(name, (event) => hear(JSON.parse((event as MessageEvent<string>).data) as T));
    on<EventSnapshot>("snapshot", (snapshot) => {
      waits = 500;
      become({ connected: true, calls: snapshot.live, count: snapshot.liveCount, why: new Map() });
      // What was missed is unknown: everything in sight is asked again.
      if (snapshot.because !== "new") void queries.invalidateQueries();
    });
    source.onopen = () => {
      if (!live.connected) {
        become({ connected: true });
        void queries.invalidateQueries();
      }
    };
    on<CallBeganEvent>("call.began", (data) => {
      began(data);
      told("/api/today", "/api/calls");
      tell({ kind: "call.began", data });
    });
    on<CallEventEvent>("call.event", (data) => {
      told("/api/calls/{sid}");
      tell({ kind: "call.event", data });
    });
    on<CallEndedEvent>("call.ended", (data) => {
      ended(data);
      told("/api/today", "/api/calls", "/api/calls/{sid}");
      tell({ kind: "call.ended", data });
    });
    on<JobEvent>("job", (data) => {
      stale("/api/today", "/api/jobs", "/api/numbers");
      tell({ kind: "job", data });
    });
    on("voicemail", () => told("/api/today", "/api/voicemails"));
    on("changed", () => stale("/api/tenants", "/api/numbers", "/api/orgs"));
    on("ai.breaker", () => stale("/api/today"));
    on("warning", () => stale("/api/today"));
    source.onerror = () => {
      become({ connected: false });
      // After an answer that is no stream the browser gives up: then we try.
      if (source?.readyState !== EventSource.CLOSED || stopped) return;
      retry = setTimeout(open, waits);
      waits = Math.min(waits * 2, RETRY_MAX_MS);
    };
  };
  open();
  return () => {
    stopped = true;
    clearTimeout(retry);
    source?.close();
  };
}

function began(data: CallBeganEvent) {
  const { callSid, tenantId, arrival, at, decision } = data;
  if (tenantId === null || live.calls.some((call) => call.callSid === callSid)) return;
  const call: LiveCall = { callSid, tenantId, arrival, withAi: decision.available, began: at, heard: at };
  const why = new Map(live.why).set(callSid, data);
  become({ calls: [call, ...live.calls].slice(0, 1000), count: live.count + 1, why });
}

function ended({ callSid }: CallEndedEvent) {
  if (!live.calls.some((call) => call.callSid === callSid)) return;
  const why = new Map(live.why);
  why.delete(callSid);
  become({ calls: live.calls.filter((call) => call.callSid !== callSid), count: Math.max(0, live.count - 1), why });
}

function tell(heard: Heard) {
  for (const listener of listeners) listener(heard);
}

/** Marks queries stale by the beginning of their path, gathered over a while. */
function gathered(queries: QueryClient, afterMs: number): (...paths: string[]) => void {
  const waiting = new Set<string>();
  const ask = () => {
    const now = [...waiting];
    waiting.clear();
    void queries.invalidateQueries({
      predicate: ({ queryKey }) => now.some((path) => String(queryKey[1]).startsWith(path)),
    });
  };
  return (...paths) => {
    if (waiting.size === 0) setTimeout(ask, afterMs);
    for (const path of paths) waiting.add(path);
  };
}
