// Tables of plain HTML, each scrolling inside its own frame.
import type { ReactNode } from "react";
import { Paged, type Pages } from "./pages";

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

/** A table by pages. */
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
  return (
    <Paged query={query} empty={empty}>
      {(rows) => <Table label={label} columns={columns} rows={rows} idOf={idOf} />}
    </Paged>
  );
}
