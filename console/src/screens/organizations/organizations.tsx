// Organizations: who owns Twilio accounts and answers for what numbers cost.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import { api, faultAt, http, onceKey, words } from "../../api/client";
import type { Organization } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge, Note } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Denied } from "../../ui/denied";
import { Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { FilterBar, FilterText, useFilters } from "../../ui/filters";
import { Page } from "../../ui/page";
import { byCursor } from "../../ui/pages";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { Empty } from "../../ui/states";
import { type Column, PagedTable } from "../../ui/table";
import { Time } from "../../ui/time";
import { say } from "../../ui/toast";
import { isPlatform } from "./words";

const COLUMNS: Column<Organization>[] = [
  {
    head: "Name",
    cell: (org) => (
      <>
        <Link href={`/organizations/${org.id}`}>{org.name}</Link>
        {isPlatform(org.id) && <span className="soft"> · the installation's own</span>}
      </>
    ),
  },
  {
    head: "Twilio account",
    cell: (org) =>
      org.twilio === null ? (
        <span className="soft">the installation's</span>
      ) : (
        <>
          <code>{org.twilio.accountSid}</code>
          {org.twilio.hasNextToken && <div className="small soft">a next token is kept</div>}
        </>
      ),
    wideOnly: true,
  },
  {
    head: "Numbers",
    cell: (org) => <Badge tone={org.mayBuy ? "good" : "warn"}>{org.mayBuy ? "May buy" : "May not buy"}</Badge>,
  },
  {
    head: "Billing",
    cell: (org) => (org.billing === "verified" ? "verified" : <span className="soft">unverified</span>),
    wideOnly: true,
  },
  { head: "Since", cell: (org) => <Time at={org.createdAt} as="day" />, wideOnly: true },
];

export default function Organizations() {
  const { onlyTenant, isOperator, mayChange } = useSession();
  const filters = useFilters("q");
  const { q } = filters.given;
  const [makes, setMakes] = useState(false);
  const orgs = api.useInfiniteQuery(
    "get",
    "/api/orgs",
    { params: { query: { limit: 50, ...(q === undefined ? {} : { q }) } } },
    { ...byCursor, enabled: onlyTenant === null },
  );
  if (onlyTenant !== null) {
    return <Denied title="Organizations" who="Organizations are for operators and for the organizations themselves." />;
  }
  return (
    <Page
      title="Organizations"
      lead="Who owns the Twilio accounts, and whether numbers may be bought"
      actions={
        <>
          {isOperator && mayChange && (
            <Button look="primary" onPress={() => setMakes(true)}>
              New organization
            </Button>
          )}
          <SameBy
            cli={`patchbay orgs list${q === undefined ? "" : ` --search ${quoted(q)}`}`}
            request={{ method: "GET", path: `/api/orgs${q === undefined ? "" : `?q=${encodeURIComponent(q)}`}` }}
          />
        </>
      }
    >
      <FilterBar of={filters}>
        <FilterText label="Name, id or AccountSid" name="q" />
      </FilterBar>
      <PagedTable
        label="Organizations"
        columns={COLUMNS}
        query={orgs}
        idOf={(org) => org.id}
        empty={
          <Empty title={filters.any ? "No organization of this name" : "No organizations yet"}>
            {filters.any
              ? "Try a part of the name, or a whole AccountSid."
              : "Tenants without one join the platform's."}
          </Empty>
        }
      />
      {makes && <Create onClose={() => setMakes(false)} />}
    </Page>
  );
}

function Create({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const queries = useQueryClient();
  const [, go] = useLocation();
  const body = { name: name.trim() };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      const made = await http.POST("/api/orgs", { body, params: { header: { "Idempotency-Key": onceKey() } } });
      await queries.invalidateQueries({ queryKey: ["get", "/api/orgs"] });
      say(`${body.name} is made`);
      if (made.data !== undefined) go(`/organizations/${made.data.id}`);
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  const fault = faultAt(state.error, "/name");
  return (
    <Dialog title="New organization" isOpen onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          error={fault}
          autoFocus
          hint="A reseller, a group of businesses: whoever has a Twilio account of its own, or is billed apart."
        />
        {state.error !== undefined && fault === undefined && <Note tone="bad">{words(state.error)}</Note>}
        <p className="small soft">
          Until it has a Twilio account of its own, that of the installation carries the calls of its tenants.
        </p>
        <div className="row end">
          <SameBy
            cli={`patchbay orgs create --name ${quoted(body.name)}`}
            request={{ method: "POST", path: "/api/orgs", body }}
          />
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" type="submit" pending={state.busy} isDisabled={body.name === ""}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
