// A screen about one thing: while it is not known, or cannot be, the page has a title all the same.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Page } from "./page";
import { Known } from "./states";

export function KnownPage<T>({
  title,
  query,
  children,
}: {
  title: string;
  query: Pick<UseQueryResult<T, unknown>, "data" | "error" | "refetch">;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  return (
    <Page title={title}>
      <Known query={query}>{children}</Known>
    </Page>
  );
}
