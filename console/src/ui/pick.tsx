// A tenant or an organization out of however many there are: a part of its name is typed, the server finds it.
import { useState } from "react";
import { api } from "../api/client";
import { ComboBox, type Finding, type Option } from "./combo-box";
import { useRested } from "./rested";

/** Nothing is asked while somebody types on. */
const PAUSE_MS = 150;
const SHOWN = 20;
const ASKED_MAX = 100;

interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/** What was found before stays in sight until the next is. */
function before<T>(page: Page<T> | undefined): Page<T> | undefined {
  return page;
}

function useAsked() {
  const [typed, setTyped] = useState<string>();
  const asked = useRested((typed ?? "").trim().slice(0, ASKED_MAX), PAUSE_MS);
  return { typed, setTyped, query: { limit: SHOWN, ...(asked === "" ? {} : { q: asked }) } };
}

export function TenantPick({ label = "Tenant", ...field }: Finding) {
  const asking = useAsked();
  const path = { id: field.value };
  const picked = api.useQuery("get", "/api/tenants/{id}", { params: { path } }, { enabled: field.value !== "" });
  const { query } = asking;
  const found = api.useQuery("get", "/api/tenants", { params: { query } }, { placeholderData: before });
  const rows = found.data?.data.map(({ id, name, slug }) => ({ id, name, more: slug }));
  return (
    <Pick
      placeholder="Name, slug or id"
      {...field}
      {...asking}
      label={label}
      none={found.isFetching ? "Searching…" : "No tenant has that in its name"}
      rows={rows ?? []}
      hasMore={(found.data?.nextCursor ?? null) !== null}
      name={picked.data?.name}
    />
  );
}

export function OrgPick({ label = "Organization", ...field }: Finding) {
  const asking = useAsked();
  const path = { id: field.value };
  const picked = api.useQuery("get", "/api/orgs/{id}", { params: { path } }, { enabled: field.value !== "" });
  const { query } = asking;
  const found = api.useQuery("get", "/api/orgs", { params: { query } }, { placeholderData: before });
  const rows = found.data?.data.map(({ id, name }) => ({ id, name }));
  return (
    <Pick
      placeholder="Part of its name"
      {...field}
      {...asking}
      label={label}
      none={found.isFetching ? "Searching…" : "No organization has that in its name"}
      rows={rows ?? []}
      hasMore={(found.data?.nextCursor ?? null) !== null}
      name={picked.data?.name}
    />
  );
}

function Pick({
  value,
  onChange,
  typed,
  setTyped,
  rows,
  hasMore,
  name: known,
  ...look
}: Finding & {
  typed: string | undefined;
  setTyped: (typed: string | undefined) => void;
  none: string;
  rows: Option[];
  hasMore: boolean;
  /** What the one that is chosen is called, once that is known. */
  name: string | undefined;
}) {
  // What was just picked is known by name at once: a name that came later would open the list again.
  const [taken, setTaken] = useState<Option>();
  const name = (value === "" ? undefined : taken?.id === value ? taken.name : known) ?? "";
  // The chosen one stays in the list whatever is searched for: a field whose choice is not in its list forgets it.
  const isListed = name === "" || rows.some(({ id }) => id === value);
  const items = isListed ? rows : [{ id: value, name }, ...rows];
  return (
    <ComboBox
      {...look}
      value={value}
      items={items}
      inputValue={typed ?? name}
      onInputChange={(text) => {
        // Choosing writes the name into the field by itself: that is nothing that was typed.
        if (text === name && value !== "") return;
        setTyped(text === "" ? undefined : text);
        if (text === "" && value !== "") onChange("");
      }}
      onSelectionChange={(key) => {
        setTyped(undefined);
        const row = items.find(({ id }) => id === key);
        if (row === undefined) return;
        setTaken(row);
        onChange(row.id);
      }}
      onOpenChange={(open) => !open && setTyped(undefined)}
      defaultFilter={() => true}
      foot={hasMore ? "There are more: type a part of the name." : undefined}
    />
  );
}
