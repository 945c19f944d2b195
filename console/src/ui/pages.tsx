// A list by pages that is no table: the same states, the same “Show more”.
import type { ReactNode } from "react";
import { Button } from "./button";
import { count } from "./phone";
import { Failed, Loading } from "./states";

interface Pages<T> {
  data: { pages: { data: T[] }[] } | undefined;
  error: unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

export function Paged<T>({
  query,
  empty,
  children,
}: {
  query: Pages<T>;
  empty: ReactNode;
  children: (rows: T[]) => ReactNode;
}) {
  if (query.data === undefined) {
    return query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Loading />;
  }
  const rows = query.data.pages.flatMap((page) => page.data);
  // A page may be empty where the search was long, and the next one not.
  if (rows.length === 0 && !query.hasNextPage) return <>{empty}</>;
  return (
    <div className="stack">
      {children(rows)}
      <div className="row">
        <span className="small soft" role="status">
          {count(rows.length)} {query.hasNextPage ? "shown, there are more" : "in all"}
        </span>
        {query.hasNextPage && (
          <Button pending={query.isFetchingNextPage} onPress={() => query.fetchNextPage()}>
            Show more
          </Button>
        )}
      </div>
    </div>
  );
}
