// Calls, newest first, as they come in: of everybody or of one tenant.
import { api } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { Button } from "../../ui/button";
import { useInUrl } from "../../ui/in-url";
import { useTenant } from "../../ui/named";
import { byCursor } from "../../ui/pages";
import { SameBy } from "../../ui/same-by";
import { Empty } from "../../ui/states";
import { PagedTable } from "../../ui/table";
import { ownZone } from "../../ui/time";
import { commandOf, FILTERS, pathOf, queryOf } from "./asked";
import { columnsIn } from "./columns";
import { Filters } from "./filters";
import "./calls.css";

const PAGE = 50;

export function CallList({ tenant }: { tenant?: Tenant }) {
  const [params, change] = useInUrl();
  const zone = tenant?.timezone ?? ownZone;
  const query = queryOf(params, zone, tenant?.id);
  const asked = useTenant(tenant === undefined ? query.tenantId : undefined).tenant ?? tenant;
  const calls = api.useInfiniteQuery(
    "get",
    "/api/calls",
    { params: { query: { ...query, limit: PAGE } } },
    { ...byCursor },
  );
  const isNarrowed = FILTERS.some((name) => params.has(name));
  const all = Object.fromEntries(FILTERS.map((name) => [name, undefined]));
  return (
    <div className="stack">
      <Filters tenant={tenant} clear={isNarrowed ? () => change(all) : undefined}>
        <SameBy cli={commandOf(query, asked?.slug)} request={{ method: "GET", path: pathOf(query) }} />
      </Filters>
      <PagedTable
        label="Calls"
        columns={columnsIn(zone, tenant === undefined)}
        query={calls}
        idOf={(call) => call.sid}
        empty={
          isNarrowed ? (
            <Empty title="No call is like this" action={<Button onPress={() => change(all)}>Show all calls</Button>}>
              Take a filter away, or search for the last four digits of a number.
            </Empty>
          ) : (
            <Empty title="Nobody has called yet">
              A call stands here the moment it comes in. To try one:{" "}
              <code>patchbay call --to {tenant === undefined ? "NUMBER" : `sip:${tenant.slug}@…`}</code>
            </Empty>
          )
        }
      />
    </div>
  );
}
