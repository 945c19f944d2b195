// What a list is narrowed to: kept in the address, so that a link shows the same list to somebody else.
import { type ReactNode, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { Button } from "./button";
import { TextField } from "./field";
import "./filters.css";

export interface Filters<K extends string> {
  /** What stands in the address; what does not is absent. */
  given: { [name in K]?: string };
  set: (name: K, value: string | null) => void;
  clear: () => void;
  any: boolean;
}

export function useFilters<K extends string>(...names: K[]): Filters<K> {
  const [params, setParams] = useSearchParams();
  const given: { [name in K]?: string } = {};
  for (const name of names) {
    const value = params.get(name);
    if (value !== null && value !== "") given[name] = value;
  }
  const change = (edit: (next: URLSearchParams) => void) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        edit(next);
        return next;
      },
      { replace: true },
    );
  return {
    given,
    any: Object.keys(given).length > 0,
    set: (name, value) =>
      change((next) => (value === null || value === "" ? next.delete(name) : next.set(name, value))),
    clear: () =>
      change((next) => {
        for (const name of names) next.delete(name);
      }),
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

/** Nothing is asked while somebody types on. */
const PAUSE_MS = 250;

/** A text to narrow by. It is taken when the typing pauses. */
export function FilterText({
  label,
  value,
  onChange,
  placeholder,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string) => void;
  placeholder?: string;
}) {
  const [typed, setTyped] = useState(value ?? "");
  // The address changed by other hands than these: a link, the way back, “Show all”.
  useEffect(() => setTyped(value ?? ""), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the clock
  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === (value ?? "")) return;
    const timer = setTimeout(() => onChange(wanted), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <TextField
      label={label}
      type="search"
      value={typed}
      onChange={setTyped}
      autoComplete="off"
      {...(placeholder === undefined ? {} : { placeholder })}
    />
  );
}
