// A few views of the same thing, each at an address of its own.
import { Link, useLocation, useSearch } from "wouter";
import { changed } from "./in-url";
import "./segments.css";

export function Segments<T extends string>({
  label,
  name,
  value,
  options,
}: {
  label: string;
  /** The parameter of the address; the first option is its absence. */
  name: string;
  value: T;
  options: { value: T; label: string }[];
}) {
  const [path] = useLocation();
  const search = useSearch();
  const to = (option: T) => {
    const query = changed(new URLSearchParams(search), { [name]: option === options[0]?.value ? undefined : option });
    return query.size === 0 ? path : `${path}?${query}`;
  };
  return (
    <nav className="segments" aria-label={label}>
      {options.map((option) => (
        <Link key={option.value} href={to(option.value)} aria-current={option.value === value ? "true" : undefined}>
          {option.label}
        </Link>
      ))}
    </nav>
  );
}
