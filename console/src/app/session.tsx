// Who is signed in. Everything inside knows; outside of it is the page that asks for a token.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { api, http, Refused, signedOut } from "../api/client";
import { listen } from "../api/events";
import type { Session } from "../api/schema";
import { Failed, Loading } from "../ui/states";
import { SignIn } from "./sign-in";

const Context = createContext<Session | undefined>(undefined);

/** Whoever is signed in, and what they may. */
export function useSession() {
  const session = useContext(Context);
  if (session === undefined) throw new Error("this is only shown to those who are signed in");
  const isOperator = session.role === "operator";
  return {
    ...session,
    isOperator,
    /** The one tenant that may be seen, if it is only one. */
    onlyTenant: session.tenantId,
    /** False for those who may only look. */
    mayChange: session.access === "write",
    /** May make tenants and let them go. */
    mayAdminister: session.access === "write" && session.tenantId === null,
  };
}

export function Sessions({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [left, setLeft] = useState<string>();
  const session = api.useQuery("get", "/api/session", {}, { retry: false, staleTime: Number.POSITIVE_INFINITY });
  const isIn = session.data !== undefined && left === undefined;
  useEffect(() => {
    const leave = () => setLeft("Your session is over. Sign in again to go on where you were.");
    signedOut.addEventListener("signed-out", leave);
    return () => signedOut.removeEventListener("signed-out", leave);
  }, []);
  useEffect(() => (isIn ? listen(queries) : undefined), [isIn, queries]);

  if (isIn) return <Context value={session.data}>{children}</Context>;
  const failure: unknown = session.error;
  const asks = left !== undefined || (failure instanceof Refused && failure.status === 401);
  if (asks) {
    const enter = async () => {
      forget(queries);
      setLeft(undefined);
      await session.refetch();
    };
    return <SignIn why={left} onEnter={enter} />;
  }
  if (failure !== null) return <Failed error={failure} retry={() => void session.refetch()} />;
  return <Loading what="Signing in" />;
}

/** Whoever comes next sees nothing of what was seen before. */
function forget(queries: QueryClient) {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[1] !== "/api/session" });
}

/** Ends the session on the server, and forgets here what it saw. */
export async function signOut(queries: QueryClient) {
  try {
    await http.DELETE("/api/session");
  } catch (error) {
    if (!(error instanceof Refused) || error.status === 0) throw error;
  }
  forget(queries);
  signedOut.dispatchEvent(new Event("signed-out"));
}
