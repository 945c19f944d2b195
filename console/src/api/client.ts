// The one client of the admin API, typed by its own OpenAPI document.
import createFetchClient, { type Middleware } from "openapi-fetch";
import createClient from "openapi-react-query";
import type { Fault, Problem, paths } from "./schema";

/** What the API said in place of an answer, or that it said nothing at all (`status` 0). */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Problem | undefined;

  constructor(status: number, problem: Problem | undefined, message: string) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.code = problem?.code ?? (status === 0 ? "unreachable" : "unknown");
    this.problem = problem;
  }

  /** What is wrong with one member of what was sent, by its pointer. */
  at(pointer: string): string | undefined {
    return this.problem?.errors?.find((fault) => fault.pointer === pointer)?.detail;
  }
}

/** Whoever wants to know that the session is over. */
export const signedOut = new EventTarget();

const refusing: Middleware = {
  async onResponse({ response, request }) {
    if (response.ok) return;
    const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json");
    const problem = isProblem ? ((await response.json()) as Problem) : undefined;
    if (response.status === 401 && !new URL(request.url).pathname.endsWith("/api/session")) {
      signedOut.dispatchEvent(new Event("signed-out"));
    }
    throw new Refused(response.status, problem, problem?.detail ?? `the server answered ${response.status}`);
  },
  onError() {
    return new Refused(0, undefined, "the server cannot be reached");
  },
};

export const http = createFetchClient<paths>({ baseUrl: window.location.origin });
http.use(refusing);

/** Queries and mutations: `api.useQuery("get", "/api/tenants/{id}", …)`. Their keys are method, path and parameters. */
export const api = createClient(http);

/** A key for a POST that must not happen twice, however often it is sent. */
export function onceKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The words of any failure, for people. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What is wrong with one member, where the server named it. */
export function faultAt(error: unknown, pointer: string): string | undefined {
  return error instanceof Refused ? error.at(pointer) : undefined;
}

/** Everything the server found wrong, place by place. */
export function faultsOf(error: unknown): Fault[] {
  return error instanceof Refused ? (error.problem?.errors ?? []) : [];
}

/** The generated types know no member that must be null, nor what a form lets through: the server says what is wrong. */
export function asSent(body: unknown): never {
  return body as never;
}
