// What the old carrier knows of its customer: written as it stands on the bill, or the carrier refuses.
import { useState } from "react";
import { faultAt, faultsOf, http, words } from "../../../api/client";
import type { PortPapers, PortPapersChange, Tenant } from "../../../api/schema";
import { useSession } from "../../../app/session";
import { Note } from "../../../ui/badge";
import { Button } from "../../../ui/button";
import { Select, TextField } from "../../../ui/field";
import { GuardedNote, useCompared } from "../../../ui/guarded";
import { Facts } from "../../../ui/page";
import { phone } from "../../../ui/phone";
import { SameBy } from "../../../ui/same-by";
import { say } from "../../../ui/toast";
import { dialled } from "../number-words";
import { useStale } from "../stale";
import { earliest } from "./port-words";

interface Form {
  customerType: "business" | "individual";
  customerName: string;
  accountNumber: string;
  pin: string;
  accountTelephoneNumber: string;
  street: string;
  street2: string;
  city: string;
  state: string;
  zip: string;
  authorizedRepresentative: string;
  authorizedRepresentativeEmail: string;
  notificationEmails: string;
  targetDate: string;
}

function formOf(papers: PortPapers | null, name: string): Form {
  return {
    customerType: papers?.customerType ?? "business",
    customerName: papers?.customerName ?? name,
    accountNumber: "",
    pin: "",
    accountTelephoneNumber: papers?.accountTelephoneNumber ?? "",
    street: papers?.address.street ?? "",
    street2: papers?.address.street2 ?? "",
    city: papers?.address.city ?? "",
    state: papers?.address.state ?? "",
    zip: papers?.address.zip ?? "",
    authorizedRepresentative: papers?.authorizedRepresentative ?? "",
    authorizedRepresentativeEmail: papers?.authorizedRepresentativeEmail ?? "",
    notificationEmails: papers?.notificationEmails.join(", ") ?? "",
    targetDate: papers?.targetDate ?? "",
  };
}

/** What was left empty of secrets is left out: what was told before stays. */
export function changeOf(form: Form): PortPapersChange {
  const told = (text: string) => (text.trim() === "" ? undefined : text.trim());
  const emails = form.notificationEmails.split(/[,\s]+/).filter((one) => one !== "");
  const accountNumber = told(form.accountNumber);
  const pin = told(form.pin);
  const accountPhone = told(form.accountTelephoneNumber);
  return {
    customerType: form.customerType,
    customerName: form.customerName.trim(),
    ...(accountNumber === undefined ? {} : { accountNumber }),
    ...(pin === undefined ? {} : { pin }),
    ...(accountPhone === undefined ? {} : { accountTelephoneNumber: dialled(accountPhone) }),
    address: {
      street: form.street.trim(),
      street2: told(form.street2) ?? null,
      city: form.city.trim(),
      state: form.state.trim(),
      zip: form.zip.trim(),
    },
    authorizedRepresentative: form.authorizedRepresentative.trim(),
    authorizedRepresentativeEmail: form.authorizedRepresentativeEmail.trim(),
    notificationEmails: emails,
    targetDate: told(form.targetDate) ?? null,
  };
}

export function Papers({ tenant, papers }: { tenant: Tenant; papers: PortPapers | null }) {
  const { mayChange } = useSession();
  const [open, setOpen] = useState(false);
  if (mayChange && (open || papers === null)) {
    return <PapersForm tenant={tenant} papers={papers} onDone={() => setOpen(false)} />;
  }
  if (papers === null) return <p className="soft">Not told yet.</p>;
  const { address } = papers;
  return (
    <div className="stack">
      <Facts
        of={[
          [papers.customerType === "business" ? "Business" : "Person", papers.customerName],
          [
            "Address",
            [address.street, address.street2, address.city, address.state, address.zip].filter(Boolean).join(", "),
          ],
          ["Account number", papers.hasAccountNumber ? "Told, not shown again" : "Not told"],
          ["PIN", papers.hasPin ? "Told, not shown again" : "Not told"],
          [
            "Account goes by",
            papers.accountTelephoneNumber === null ? "The number that moves" : phone(papers.accountTelephoneNumber),
          ],
          ["Signs the letter", `${papers.authorizedRepresentative}, ${papers.authorizedRepresentativeEmail}`],
          ["Is told too", papers.notificationEmails.length === 0 ? "Nobody" : papers.notificationEmails.join(", ")],
          ["Wished for", papers.targetDate ?? "As soon as can be"],
        ]}
      />
      {mayChange && (
        <div>
          <Button onPress={() => setOpen(true)}>Change what was told</Button>
        </div>
      )}
    </div>
  );
}

function PapersForm({ tenant, papers, onDone }: { tenant: Tenant; papers: PortPapers | null; onDone: () => void }) {
  const [seen, setSeen] = useState(papers);
  const [form, setForm] = useState(() => formOf(papers, tenant.name));
  const stale = useStale("/api/tenants");
  const at = { params: { path: { id: tenant.id } } };
  const read = async () => (await http.GET("/api/tenants/{id}/port", at)).data?.papers ?? null;
  const set = (name: keyof Form) => (value: string) => setForm((before) => ({ ...before, [name]: value }));
  const body = changeOf(form);
  const send = async (what: typeof body) => {
    await http.PUT("/api/tenants/{id}/port", { ...at, body: what });
    await stale();
    say("Told; it is kept sealed until the number has come");
  };
  const guarded = useCompared(seen, send, read);
  const save = async () => {
    if (await guarded.run(body)) onDone();
  };
  const loadTheirs = async () => {
    const theirs = await read();
    setSeen(theirs);
    setForm(formOf(theirs, tenant.name));
  };
  const fault = (pointer: string) => faultAt(guarded.error, pointer);
  const faults = faultsOf(guarded.error);
  const field = (
    name: keyof Form,
    label: string,
    pointer: string,
    more: Partial<Parameters<typeof TextField>[0]> = {},
  ) => (
    <TextField
      label={label}
      value={form[name]}
      onChange={set(name)}
      error={fault(pointer)}
      autoComplete="off"
      {...more}
    />
  );
  const kept = (has: boolean | undefined) => (has === true ? "Told already; empty keeps it" : undefined);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <p className="soft">
        Exactly as it stands on the bill: a name or address that differs is the usual reason for a refusal.
      </p>
      <div className="fields">
        <Select
          label="The customer is"
          value={form.customerType}
          onChange={(customerType) => setForm({ ...form, customerType })}
          options={[
            { value: "business", label: "A business" },
            { value: "individual", label: "A person" },
          ]}
        />
        {field("customerName", "Name on the bill", "/customerName", { isRequired: true })}
      </div>
      <div className="fields">
        {field("street", "Street", "/address/street", { isRequired: true })}
        {field("street2", "Floor, suite", "/address/street2")}
      </div>
      <div className="fields">
        {field("city", "City", "/address/city", { isRequired: true })}
        {field("state", "State", "/address/state", { isRequired: true, placeholder: "IL" })}
        {field("zip", "ZIP code", "/address/zip", { isRequired: true, inputMode: "numeric", placeholder: "62701" })}
      </div>
      <div className="fields">
        {field(
          "accountNumber",
          "Account number at the carrier",
          "/accountNumber",
          withHint(kept(seen?.hasAccountNumber)),
        )}
        {field("pin", "PIN for moving", "/pin", withHint(kept(seen?.hasPin) ?? "Mobile numbers always have one"))}
        {field("accountTelephoneNumber", "Number the account goes by", "/accountTelephoneNumber", {
          hint: "Empty: the one that moves",
          type: "tel",
        })}
      </div>
      <div className="fields">
        {field("authorizedRepresentative", "Who may sign", "/authorizedRepresentative", { isRequired: true })}
        {field(
          "authorizedRepresentativeEmail",
          "Their e-mail, where the letter goes",
          "/authorizedRepresentativeEmail",
          {
            isRequired: true,
            type: "email",
          },
        )}
      </div>
      <div className="fields">
        {field("notificationEmails", "Who else is told", "/notificationEmails", {
          hint: "E-mail addresses, five at most",
        })}
        {field("targetDate", "The day it is wished for", "/targetDate", {
          type: "date",
          hint: `From ${earliest(Date.now())} on; empty: as soon as can be`,
        })}
      </div>
      <GuardedNote of={guarded} isPlaced onMine={onDone} onTheirs={() => void loadTheirs()} />
      {guarded.error !== undefined && (
        <Note tone="bad" title={words(guarded.error)}>
          {faults.map((one) => (
            <p key={one.pointer}>
              <code>{one.pointer}</code> {one.detail}
            </p>
          ))}
        </Note>
      )}
      <div className="row">
        <Button look="primary" type="submit" pending={guarded.busy}>
          Keep it
        </Button>
        {papers !== null && <Button onPress={onDone}>Cancel</Button>}
        <SameBy
          cli={`patchbay tenants port papers ${tenant.slug} papers.yaml`}
          request={{ method: "PUT", path: `/api/tenants/${tenant.id}/port`, body: hidden(body) }}
        />
      </div>
    </form>
  );
}

function withHint(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}

/** Secrets are not written into a line that is copied around. */
function hidden(body: PortPapersChange): PortPapersChange {
  return {
    ...body,
    ...(body.accountNumber === undefined ? {} : { accountNumber: "ACCOUNT_NUMBER" }),
    ...(body.pin === undefined ? {} : { pin: "PIN" }),
  };
}
