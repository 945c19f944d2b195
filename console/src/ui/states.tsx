// What a screen shows while it knows nothing, when there is nothing, and when it may not or cannot know.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Refused, words } from "../api/client";
import { Button } from "./button";

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <div className="state loading" role="status">
      <span className="hidden-to-eyes">{what}…</span>
      <span className="bone" />
      <span className="bone short" />
      <span className="bone" />
    </div>
  );
}

/** Nothing there yet, and what to do about it. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="state">
      <h3>{title}</h3>
      {children !== undefined && <div className="soft">{children}</div>}
      {action}
    </div>
  );
}

/** It could not be had: why, and what to do. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const refused = error instanceof Refused ? error : undefined;
  const { title, next } = explained(refused);
  return (
    <div className="state" role="alert">
      <h3>{title}</h3>
      <p className="soft">{words(error)}</p>
      <p>{next}</p>
      {refused?.problem !== undefined && (
        <p className="small soft">
          The log speaks of it as <code>{refused.problem.requestId}</code>.
        </p>
      )}
      {retry !== undefined && refused?.status !== 403 && refused?.status !== 404 && (
        <Button onPress={retry}>Try again</Button>
      )}
    </div>
  );
}

function explained(refused: Refused | undefined): { title: string; next: string } {
  switch (refused?.status) {
    case 0:
      return { title: "No connection", next: "This page goes on by itself as soon as patchbay answers again." };
    case 403:
      return { title: "Not yours to do", next: "Ask whoever gave you your token for one that may." };
    case 404:
      return { title: "Not here", next: "It may be gone, or belong to somebody else. Search, or go back to the list." };
    case 503:
      return { title: "The store is away", next: "Calls are answered all the same. Try again in a moment." };
    default:
      return { title: "That did not work", next: "Try again; if it stays so, look into the log." };
  }
}

/** The answer of a query, or the state it is in. What was known stays in sight while it is asked again. */
export function Known<T>({
  query,
  loading,
  children,
}: {
  query: Pick<UseQueryResult<T, unknown>, "data" | "error" | "refetch">;
  loading?: ReactNode;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null) return <Failed error={query.error} retry={() => void query.refetch()} />;
  return <>{loading ?? <Loading />}</>;
}
