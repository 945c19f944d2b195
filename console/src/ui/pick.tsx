// One tenant or organization out of however many there are: a part of its name is typed, the server finds it.
import { useEffect, useState } from "react";
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover, Text } from "react-aria-components";
import { api } from "../api/client";
import { useName } from "./named";
import "./pick.css";

/** Nothing is asked while somebody types on. */
const PAUSE_MS = 150;
const SHOWN_MAX = 20;

export function Pick({
  label,
  what,
  value,
  onChange,
  hint,
  placeholder,
  within,
}: {
  label: string;
  what: "tenant" | "organization";
  /** Its id; null where none is chosen. */
  value: string | null;
  onChange: (id: string | null) => void;
  hint?: string;
  placeholder?: string;
  /** Only tenants of this organization. */
  within?: string | null;
}) {
  const [picked, setPicked] = useState<{ id: string; name: string }>();
  const named = useName(value);
  // What was just picked has its name before it is asked for: a text that changes late would open the list again.
  const name = value === null ? null : picked?.id === value ? picked.name : named;
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  useEffect(() => {
    if (value === null || name != null) setTyped(name ?? "");
  }, [value, name]);
  useEffect(() => {
    // Where the name of the chosen one stands, the whole list is offered again.
    const timer = setTimeout(() => setAsked(typed === name ? "" : typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, name]);
  const query = { limit: SHOWN_MAX, ...(asked === "" ? {} : { q: asked }) };
  const tenants = api.useQuery(
    "get",
    "/api/tenants",
    { params: { query: within == null ? query : { ...query, orgId: within } } },
    { enabled: what === "tenant" },
  );
  const orgs = api.useQuery("get", "/api/orgs", { params: { query } }, { enabled: what === "organization" });
  const rows: { id: string; name: string; slug?: string }[] =
    (what === "tenant" ? tenants.data?.data : orgs.data?.data) ?? [];

  return (
    <ComboBox
      className="field pick"
      items={rows}
      inputValue={typed}
      onInputChange={(text) => {
        setTyped(text);
        if (text === "") onChange(null);
      }}
      selectedKey={value}
      onSelectionChange={(key) => {
        const row = rows.find(({ id }) => id === key);
        if (row === undefined) return;
        setPicked({ id: row.id, name: row.name });
        setTyped(row.name);
        onChange(row.id);
      }}
      onBlur={() => setTyped(value === null ? "" : (name ?? ""))}
      menuTrigger="focus"
      allowsEmptyCollection
      defaultFilter={() => true}
    >
      <Label>{label}</Label>
      <Input className="input" placeholder={placeholder ?? `Part of its name`} autoComplete="off" />
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <Popover className="options" offset={4}>
        <ListBox<{ id: string; name: string; slug?: string }>
          className="options-list"
          renderEmptyState={() => <p className="option soft">Nothing is called so.</p>}
        >
          {(row) => (
            <ListBoxItem id={row.id} textValue={row.name} className="option">
              <span>{row.name}</span>
              {row.slug !== undefined && <span className="small soft">{row.slug}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
