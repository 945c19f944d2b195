// An organization, found by a part of its name. There may be thousands, so the server searches.
import { useEffect, useState } from "react";
import { api } from "../../api/client";
import { ComboBox } from "../../ui/combo-box";

const OFFERED = 50;
const PAUSE_MS = 200;

export function OrgField({
  label,
  hint,
  error,
  value,
  onChange,
}: {
  label: string;
  hint?: string;
  error?: string | undefined;
  value: string;
  onChange: (id: string) => void;
}) {
  const [typed, setTyped] = useState("");
  const [q, setQ] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const known = api.useQuery("get", "/api/orgs/{id}", { params: { path: { id: value } } }, { enabled: value !== "" });
  const chosen = value === "" ? undefined : known.data;
  // The field holds the name of what is chosen: that is no search.
  const asked = q === chosen?.name ? "" : q;
  const found = api.useQuery(
    "get",
    "/api/orgs",
    { params: { query: { limit: OFFERED, ...(asked === "" ? {} : { q: asked }) } } },
    { placeholderData: (before) => before },
  );
  const listed = found.data?.data ?? [];
  const options = (
    chosen === undefined || listed.some(({ id }) => id === chosen.id) ? listed : [chosen, ...listed]
  ).map(({ id, name }) => ({ id, name }));
  return (
    <ComboBox
      // The field takes a name up only when it begins.
      key={chosen?.id ?? ""}
      label={label}
      {...(hint === undefined ? {} : { hint })}
      error={error}
      value={chosen === undefined ? "" : value}
      onChange={onChange}
      options={options}
      onSearch={setTyped}
      placeholder="Any"
    />
  );
}
