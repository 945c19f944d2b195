// What narrows the list of calls. The common questions are in sight, the others one click away.
import type { ReactNode } from "react";
import type { Tenant } from "../../api/schema";
import { Button } from "../../ui/button";
import { Select, TextField } from "../../ui/field";
import { useInUrl, useTyped } from "../../ui/in-url";
import { TenantPick } from "../../ui/pick";
import { reasons, reasonText } from "../../ui/reasons";
import { ARRIVAL_LABELS, STATES } from "./asked";

const WHO = [
  { value: "", label: "Whoever" },
  { value: "ai", label: "The AI" },
  { value: "people", label: "Not the AI" },
];

const REASONS = [{ value: "", label: "Any reason" }, ...reasons.map((value) => ({ value, label: reasonText(value) }))];

/** Those behind “More filters”. */
const HIDDEN = ["reason", "arrival", "first", "last", "from", "to"];

export function Filters({
  tenant,
  clear,
  children,
}: {
  tenant: Tenant | undefined;
  clear: (() => void) | undefined;
  children: ReactNode;
}) {
  const [params, change] = useInUrl();
  const [q, setQ] = useTyped("q");
  const [from, setFrom] = useTyped("from");
  const [to, setTo] = useTyped("to");
  const of = (name: string) => params.get(name) ?? "";
  const hidden = HIDDEN.filter((name) => params.has(name)).length;
  return (
    <div className="call-filters" role="search" aria-label="Filters of the calls">
      <div className="filters-line first">
        <TextField
          label="Search"
          type="search"
          value={q}
          onChange={setQ}
          placeholder="Last four digits, or a CallSid"
        />
        {tenant === undefined && <TenantPick value={of("tenant")} onChange={(id) => change({ tenant: id })} />}
        <Select label="Answered by" value={of("who")} onChange={(who) => change({ who })} options={WHO} />
        <Select label="Status" value={of("state")} onChange={(state) => change({ state })} options={STATES} />
        <div className="row filters-deeds">
          {clear !== undefined && (
            <Button look="quiet" onPress={clear}>
              Clear filters
            </Button>
          )}
          {children}
        </div>
      </div>
      <details className="filters-more" open={hidden > 0 || undefined}>
        <summary>More filters{hidden > 0 && ` · ${hidden} set`}</summary>
        <div className="filters-line">
          <Select label="Why" value={of("reason")} onChange={(reason) => change({ reason })} options={REASONS} />
          <Select
            label="It came"
            value={of("arrival")}
            onChange={(arrival) => change({ arrival })}
            options={ARRIVAL_LABELS}
          />
          <TextField label="From day" type="date" value={of("first")} onChange={(first) => change({ first })} />
          <TextField label="To day" type="date" value={of("last")} onChange={(last) => change({ last })} />
          <TextField label="Caller’s whole number" type="tel" value={from} onChange={setFrom} placeholder="+1…" />
          <TextField label="Whole number called" type="tel" value={to} onChange={setTo} placeholder="+1…" />
        </div>
      </details>
    </div>
  );
}
