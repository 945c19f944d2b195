// Letting a tenant go. What becomes of its numbers is said before, and its slug is typed.
import { useState } from "react";
import { useLocation } from "wouter";
import { api, http } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { counted, phone } from "../../ui/phone";
import { SameBy } from "../../ui/same-by";
import { say } from "../../ui/toast";
import { useRefresh } from "./stale";

const SHOWN = 10;

export function RemoveTenant({ tenant }: { tenant: Tenant }) {
  const [isOpen, setOpen] = useState(false);
  const [, go] = useLocation();
  const refresh = useRefresh();
  const numbers = api.useQuery(
    "get",
    "/api/numbers/owned",
    { params: { query: { tenantId: tenant.id, limit: SHOWN } } },
    { enabled: isOpen },
  );
  const remove = async () => {
    const header = { "If-Match": `"${tenant.version}"` };
    await http.DELETE("/api/tenants/{id}", { params: { path: { id: tenant.id }, header } });
    say(`${tenant.name} is deleted`);
    go("/tenants");
    void refresh();
  };
  const known = numbers.data?.data ?? [];
  const more = numbers.data?.nextCursor == null ? "" : " and more";
  return (
    <div className="row apart">
      <Button look="danger" onPress={() => setOpen(true)}>
        Delete this tenant…
      </Button>
      <SameBy
        cli={`patchbay tenants delete ${tenant.slug}`}
        request={{ method: "DELETE", path: `/api/tenants/${tenant.id}` }}
      />
      <Confirm
        title={`Delete ${tenant.name}`}
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        verb="Delete"
        deed={remove}
        typed={tenant.slug}
        danger
      >
        <p>Its settings go with it, and cannot be had back. The calls it had stay in the list.</p>
        {known.length === 0 ? (
          <p>No number leads to it.</p>
        ) : (
          <div>
            <p>
              {counted(known.length, "number")}
              {more} will lead nowhere: they rest, and whoever calls them hears that the number is not in use. Later
              they are free for another tenant.
            </p>
            <ul>
              {known.map(({ id, e164 }) => (
                <li key={id}>{phone(e164)}</li>
              ))}
            </ul>
          </div>
        )}
      </Confirm>
    </div>
  );
}
