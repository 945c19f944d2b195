// Lists by pages: a page more for whoever asks, never all of a million.
import type { ReactNode } from "react";
import { Button } from "./button";
import { count } from "./phone";
import { Failed, Loading } from "./states";

/** What `api.useInfiniteQuery` answers, as far as a list needs it. */
export interface Pages<T> {
  data: { pages: { data: T[] }[] } | undefined;
  error: unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

/** How a list goes on: to be given to `api.useInfiniteQuery` together with `limit`. */
export const byCursor = {
  pageParamName: "cursor",
  // Null is left out of the request; in place of undefined the library would ask for page 0.
  initialPageParam: null as unknown as string,
  // What was found before stays in sight until the next is.
  placeholderData: <T,>(before: T | undefined) => before,
  getNextPageParam: (last: { nextCursor: string | null }) => last.nextCursor ?? undefined,
};

/** A list in whatever shape, with its states and the way to more. */
export function Paged<T>({
  query,
  empty,
  more,
  children,
}: {
  query: Pages<T>;
  empty: ReactNode;
  /** What the way to more is called. */
  more?: string;
  children: (rows: T[]) => ReactNode;
}) {
  if (query.data === undefined) {
    return query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Loading />;
  }
  const rows = query.data.pages.flatMap((page) => page.data);
  if (rows.length === 0 && !query.hasNextPage) return <>{empty}</>;
  return (
    <div className="stack">
      {rows.length > 0 && children(rows)}
      <More query={query} shown={rows.length} {...(more === undefined ? {} : { text: more })} />
    </div>
  );
}

/** How many are shown, and the way to more. A page may be empty where the search is long. */
export function More({
  query,
  shown,
  text = "Show more",
}: {
  query: Pick<Pages<unknown>, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage">;
  shown: number;
  text?: string;
}) {
  return (
    <div className="row">
      <span className="small soft" role="status">
        {shown === 0
          ? "Nothing found so far"
          : `${count(shown)} ${query.hasNextPage ? "shown, there are more" : "in all"}`}
      </span>
      {query.hasNextPage && (
        <Button pending={query.isFetchingNextPage} onPress={() => query.fetchNextPage()}>
          {shown === 0 ? "Search further" : text}
        </Button>
      )}
    </div>
  );
}
