// What a list is narrowed to: kept in the address, so that a link shows the same list to somebody else.
import type { ReactNode } from "react";
import { Button } from "./button";
import { TextField } from "./field";
import { useInUrl, useTyped } from "./in-url";
import "./filters.css";

export interface Filters<K extends string> {
  /** What stands in the address; what does not is absent. */
  given: { [name in K]?: string };
  set: (name: K, value: string) => void;
  clear: () => void;
  any: boolean;
}

export function useFilters<K extends string>(...names: K[]): Filters<K> {
  const [params, change] = useInUrl();
  const given: { [name in K]?: string } = {};
  for (const name of names) {
    const value = params.get(name);
    if (value !== null && value !== "") given[name] = value;
  }
  return {
    given,
    any: Object.keys(given).length > 0,
    set: (name, value) => change({ [name]: value }),
    clear: () => change(Object.fromEntries(names.map((name) => [name, undefined]))),
  };
}

/** The fields above a list. */
export function FilterBar({ of, children }: { of: Pick<Filters<string>, "any" | "clear">; children: ReactNode }) {
  return (
    <search className="filters">
      {children}
      {of.any && (
        <Button look="quiet" onPress={of.clear}>
          Show all
        </Button>
      )}
    </search>
  );
}

/** A text to narrow by, under a name in the address. It is taken when the typing pauses. */
export function FilterText({
  label,
  name,
  ...look
}: {
  label: string;
  name: string;
  placeholder?: string;
  type?: "search" | "tel";
  mono?: boolean;
}) {
  const [typed, type] = useTyped(name);
  return <TextField label={label} type="search" value={typed} onChange={type} autoComplete="off" {...look} />;
}
