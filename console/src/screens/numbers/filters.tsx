// What the list of numbers is asked for; all of it is in the address.
import { Button } from "../../ui/button";
import { Select, TextField } from "../../ui/field";
import { useInUrl, useTyped } from "../../ui/in-url";
import { TenantPick } from "../../ui/pick";

const STATES = [
  { value: "", label: "Any" },
  { value: "active", label: "Leads to a tenant" },
  { value: "resting", label: "Resting" },
  { value: "unassigned", label: "In the pool" },
  { value: "astray", label: "Not as it should be" },
  { value: "released", label: "Given back" },
];

const PURPOSES = [
  { value: "", label: "Any" },
  { value: "calls", label: "Calls" },
  { value: "voicemail", label: "Voicemail only" },
];

export function Filters({ byTenant }: { byTenant: boolean }) {
  const [params, change] = useInUrl();
  const [typed, type] = useTyped("q");
  const get = (name: string) => params.get(name) ?? "";
  const any = ["q", "tenant", "state", "purpose"].some((name) => get(name) !== "");
  return (
    <search className="filters-row">
      <TextField label="Number or id" type="search" value={typed} onChange={type} placeholder="+1 205, PN…, num_…" />
      {byTenant && (
        <TenantPick label="Leads to" value={get("tenant")} onChange={(id) => change({ tenant: id, open: undefined })} />
      )}
      <Select
        label="State"
        value={get("state")}
        onChange={(state) => change({ state, open: undefined })}
        options={STATES}
      />
      <Select
        label="For"
        value={get("purpose")}
        onChange={(purpose) => change({ purpose, open: undefined })}
        options={PURPOSES}
        isDisabled={get("state") === "released"}
      />
      <Button
        look="quiet"
        isDisabled={!any}
        onPress={() =>
          change({ q: undefined, tenant: undefined, state: undefined, purpose: undefined, open: undefined })
        }
      >
        Show all
      </Button>
    </search>
  );
}
