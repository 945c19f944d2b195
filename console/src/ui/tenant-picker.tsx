// One tenant out of however many there are: found by a part of its name, slug or id.
import { useEffect, useId, useState } from "react";
import { ComboBox, FieldError, Input, Label, ListBox, ListBoxItem, Popover, Text } from "react-aria-components";
import { api } from "../api/client";
import type { Tenant } from "../api/schema";
import "./tenant-picker.css";

/** Nothing is asked while somebody types on. */
const PAUSE_MS = 150;
const SHOWN = 20;

export function TenantPicker({
  label = "Tenant",
  hint,
  value,
  onChange,
  error,
  isDisabled,
  autoFocus,
}: {
  label?: string;
  hint?: string;
  /** The id of the one that is picked; empty for none. */
  value: string;
  onChange: (id: string, tenant: Tenant | undefined) => void;
  error?: string | undefined;
  isDisabled?: boolean;
  autoFocus?: boolean;
}) {
  const [typed, setTyped] = useState<string>();
  const [asked, setAsked] = useState("");
  const picked = api.useQuery(
    "get",
    "/api/tenants/{id}",
    { params: { path: { id: value } } },
    { enabled: value !== "" },
  );
  const query = { limit: SHOWN, ...(asked === "" ? {} : { q: asked }) };
  const found = api.useQuery(
    "get",
    "/api/tenants",
    { params: { query } },
    { placeholderData: (before: { data: Tenant[]; nextCursor: string | null } | undefined) => before },
  );
  // Who was just picked is known by name at once: a name that came later would open the list again.
  const [taken, setTaken] = useState<Tenant>();
  const name = (taken?.id === value ? taken.name : picked.data?.name) ?? "";
  const shown = typed ?? (value === "" ? "" : name);
  const more = useId();

  useEffect(() => {
    const timer = setTimeout(() => setAsked((typed ?? "").trim().slice(0, 100)), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  const rows = found.data?.data ?? [];
  const pick = (id: string | null) => {
    setTyped(undefined);
    if (id === null) return;
    const row = rows.find((one) => one.id === id);
    setTaken(row);
    onChange(id, row);
  };
  return (
    <ComboBox
      className="field picker"
      items={rows}
      inputValue={shown}
      onInputChange={(text) => {
        // Choosing writes the name into the field by itself: that is nothing that was typed.
        if (text === name && value !== "") return;
        setTyped(text);
        if (text === "" && value !== "") onChange("", undefined);
      }}
      selectedKey={value === "" ? null : value}
      onSelectionChange={(key) => pick(key === null ? null : String(key))}
      onOpenChange={(open) => !open && setTyped(undefined)}
      menuTrigger="focus"
      allowsEmptyCollection
      isInvalid={error !== undefined}
      isDisabled={isDisabled ?? false}
      autoFocus={autoFocus ?? false}
      defaultFilter={() => true}
    >
      <Label>{label}</Label>
      <Input className="input" placeholder="Name, slug or id" autoComplete="off" />
      {hint !== undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
      <Popover className="popover picker-list" placement="bottom start" maxHeight={320}>
        <ListBox
          aria-describedby={more}
          renderEmptyState={() => (
            <p className="picker-none soft">{found.isFetching ? "Searching…" : "No tenant has that in its name"}</p>
          )}
        >
          {(tenant: Tenant) => (
            <ListBoxItem id={tenant.id} textValue={tenant.name} className="picker-item">
              <Text slot="label">{tenant.name}</Text>
              <Text slot="description" className="small soft">
                {tenant.slug}
              </Text>
            </ListBoxItem>
          )}
        </ListBox>
        {found.data !== undefined && found.data.nextCursor !== null && (
          <p id={more} className="picker-none small soft">
            There are more: type a part of the name.
          </p>
        )}
      </Popover>
    </ComboBox>
  );
}
