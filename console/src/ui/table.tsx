// Lists: a table of plain HTML that scrolls inside its own frame, and pages of it by cursor.
import type { ReactNode } from "react";
import { Button } from "./button";
import { Empty, Failed, Loading } from "./states";

export interface Column<T> {
  head: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand to the right. */
  number?: boolean;
  /** Left out where there is little room. */
  wideOnly?: boolean;
}

export function Table<T>({
  label,
  columns,
  rows,
  idOf,
}: {
  label: string;
  columns: Column<T>[];
  rows: T[];
  idOf: (row: T) => string;
}) {
  const classOf = (column: Column<T>) =>
    [column.number === true && "number", column.wideOnly === true && "wide-only"].filter(Boolean).join(" ") ||
    undefined;
  return (
    // The frame takes the focus, so that who has no mouse can scroll it.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="table-frame" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.head} scope="col" className={classOf(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={idOf(row)}>
              {columns.map((column) => (
                <td key={column.head} className={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

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
  getNextPageParam: (last: { nextCursor: string | null }) => last.nextCursor ?? undefined,
};

/** A list by pages: a page more for whoever asks, never all of a million. */
export function PagedTable<T>({
  label,
  columns,
  query,
  idOf,
  empty,
}: {
  label: string;
  columns: Column<T>[];
  query: Pages<T>;
  idOf: (row: T) => string;
  empty: ReactNode;
}) {
  if (query.data === undefined) {
    return query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Loading />;
  }
  const rows = query.data.pages.flatMap((page) => page.data);
  if (rows.length === 0 && !query.hasNextPage) return <>{empty ?? <Empty title="Nothing here" />}</>;
  return (
    <div className="stack">
      {rows.length > 0 && <Table label={label} columns={columns} rows={rows} idOf={idOf} />}
      <More query={query} shown={rows.length} />
    </div>
  );
}

/** How many are shown, and the way to more. A page may be empty where the search is long. */
export function More({ query, shown }: { query: Omit<Pages<unknown>, "data">; shown: number }) {
  return (
    <div className="row">
      <span className="small soft" role="status">
        {shown === 0
          ? "Nothing found so far"
          : `${shown.toLocaleString()} ${query.hasNextPage ? "shown, there are more" : "in all"}`}
      </span>
      {query.hasNextPage && (
        <Button pending={query.isFetchingNextPage} onPress={() => query.fetchNextPage()}>
          {shown === 0 ? "Search further" : "Show more"}
        </Button>
      )}
    </div>
  );
}
