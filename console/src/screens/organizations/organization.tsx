// One organization: its name, its Twilio account, whether it may buy, its tenants, its end.
import { type FormEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import { api, faultAt, http } from "../../api/client";
import type { Organization } from "../../api/schema";
import { useSession } from "../../app/session";
import { Button, ButtonLink } from "../../ui/button";
import { Denied } from "../../ui/denied";
import { Confirm, Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { GuardedNote, useGuarded } from "../../ui/guarded";
import { KnownPage } from "../../ui/known-page";
import { Page, Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { quoted } from "../../ui/shell";
import { Empty, Known } from "../../ui/states";
import { say } from "../../ui/toast";
import { Billing } from "./billing";
import { useChanged, useReread } from "./changed";
import { Twilio } from "./twilio";
import { isPlatform } from "./words";

export default function OrganizationScreen({ id }: { id: string }) {
  const { onlyTenant } = useSession();
  const org = api.useQuery("get", "/api/orgs/{id}", { params: { path: { id } } }, { enabled: onlyTenant === null });
  if (onlyTenant !== null) {
    return <Denied title="Organization" who="Organizations are for operators and for the organizations themselves." />;
  }
  return (
    <KnownPage title="Organization" query={org}>
      {(known) => <OrganizationPage org={known} />}
    </KnownPage>
  );
}

function OrganizationPage({ org }: { org: Organization }) {
  const { isOperator, mayChange } = useSession();
  const [renames, setRenames] = useState(false);
  return (
    <Page
      title={org.name}
      lead={
        <>
          <Link href="/organizations">Organizations</Link> · <code>{org.id}</code>
          {isPlatform(org.id) && " · tenants without an organization belong here"}
        </>
      }
      actions={
        <>
          {mayChange && <Button onPress={() => setRenames(true)}>Rename</Button>}
          <SameBy cli={`patchbay orgs show ${org.id}`} request={{ method: "GET", path: `/api/orgs/${org.id}` }} />
        </>
      }
    >
      <div className="pair">
        <div className="stack">
          <Twilio org={org} />
          {isOperator && mayChange && <End org={org} />}
        </div>
        <div className="stack">
          <Billing org={org} />
          <Tenants org={org} />
        </div>
      </div>
      {renames && <Rename org={org} onClose={() => setRenames(false)} />}
    </Page>
  );
}

function Rename({ org, onClose }: { org: Organization; onClose: () => void }) {
  const [name, setName] = useState(org.name);
  const changed = useChanged();
  // What somebody is writing is held against what they saw, however the page goes on behind it.
  const [seen, setSeen] = useState(org);
  const body = { name: name.trim() };
  const send = async (what: typeof body, ifMatch: string) => {
    const params = { path: { id: org.id }, header: { "If-Match": ifMatch } };
    await http.PATCH("/api/orgs/{id}", { params, body: what });
    await changed();
    say(`It is called ${what.name} from now on`);
  };
  const guarded = useGuarded(seen.version, send, useReread(org));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await guarded.run(body)) onClose();
  };
  const fault = faultAt(guarded.error, "/name");
  return (
    <Dialog title="Rename" isOpen onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <TextField label="Name" value={name} onChange={setName} error={fault} autoFocus />
        <GuardedNote
          of={guarded}
          isPlaced={fault !== undefined}
          onMine={onClose}
          onTheirs={() => {
            setSeen(org);
            setName(org.name);
          }}
        />
        <div className="row end">
          <SameBy
            cli={`patchbay orgs rename ${org.id} ${quoted(body.name)}`}
            request={{ method: "PATCH", path: `/api/orgs/${org.id}`, body }}
          />
          <Button onPress={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            pending={guarded.busy}
            isDisabled={body.name === "" || body.name === seen.name || guarded.conflict !== undefined}
          >
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** As many as are named on this page; the whole list is a click away. */
const NAMED_MAX = 8;

function Tenants({ org }: { org: Organization }) {
  const query = { orgId: org.id, limit: NAMED_MAX };
  const tenants = api.useQuery("get", "/api/tenants", { params: { query } });
  const all = `/tenants?org=${org.id}`;
  return (
    <Panel title="Tenants" actions={<ButtonLink href={all}>All its tenants</ButtonLink>}>
      <Known query={tenants}>
        {({ data, nextCursor }) =>
          data.length === 0 ? (
            <Empty title="No tenants yet">A tenant is given its organization when it is made.</Empty>
          ) : (
            <>
              <ul className="list-plain stack tight">
                {data.map((tenant) => (
                  <li key={tenant.id}>
                    <Link href={`/tenants/${tenant.id}`}>{tenant.name}</Link>
                  </li>
                ))}
              </ul>
              {nextCursor !== null && <p className="soft">and more</p>}
            </>
          )
        }
      </Known>
    </Panel>
  );
}

function End({ org }: { org: Organization }) {
  const [asks, setAsks] = useState(false);
  const [, go] = useLocation();
  const changed = useChanged();
  const query = { orgId: org.id, limit: 1 };
  const tenants = api.useQuery("get", "/api/tenants", { params: { query } });
  const hasTenants = (tenants.data?.data.length ?? 0) > 0;
  const why = isPlatform(org.id)
    ? "The installation's own organization stays: tenants without one belong to it."
    : hasTenants
      ? "It has tenants still. Delete them first, or wait until they are gone."
      : undefined;
  return (
    <Panel title="Delete">
      <p className="soft">
        {why ??
          `${org.name} and its credentials at Twilio are forgotten here, and its tokens open nothing any more. At Twilio nothing changes.`}
      </p>
      <div className="row">
        <Button look="danger" isDisabled={why !== undefined} onPress={() => setAsks(true)}>
          Delete the organization
        </Button>
        <SameBy cli={`patchbay orgs delete ${org.id}`} request={{ method: "DELETE", path: `/api/orgs/${org.id}` }} />
      </div>
      <Confirm
        title={`Delete ${org.name}?`}
        isOpen={asks}
        onClose={() => setAsks(false)}
        verb="Delete"
        danger
        typed={org.name}
        deed={async () => {
          const header = { "If-Match": `"${org.version}"` };
          await http.DELETE("/api/orgs/{id}", { params: { path: { id: org.id }, header } });
          say(`${org.name} is gone`);
          go("/organizations");
          await changed();
        }}
      >
        <p>
          Its credentials at Twilio are forgotten here, and everybody with a token of this organization is out from the
          next request on. This cannot be undone.
        </p>
      </Confirm>
    </Panel>
  );
}
