// Outgoing webhooks: who is told of what happens, and whether it reaches them.
import { useState } from "react";
import { Link } from "wouter";
import { api } from "../../api/client";
import type { Webhook } from "../../api/schema";
import { useSession } from "../../app/session";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { FilterBar, FilterText, useFilters } from "../../ui/filters";
import { Named } from "../../ui/named";
import { Page } from "../../ui/page";
import { byCursor } from "../../ui/pages";
import { TenantPick } from "../../ui/pick";
import { SameBy } from "../../ui/same-by";
import { Empty } from "../../ui/states";
import { type Column, PagedTable } from "../../ui/table";
import { Create } from "./create";
import { scopeOf, standing } from "./words";
import "./webhooks.css";

export default function Webhooks() {
  const { mayChange, onlyTenant } = useSession();
  const filters = useFilters("q", "tenant");
  const { q, tenant } = filters.given;
  const [makes, setMakes] = useState(false);
  const query = { ...(q === undefined ? {} : { q }), ...(tenant === undefined ? {} : { tenantId: tenant }) };
  const webhooks = api.useInfiniteQuery(
    "get",
    "/api/webhooks",
    { params: { query: { limit: 50, ...query } } },
    byCursor,
  );
  const asked = new URLSearchParams(query).toString();
  return (
    <Page
      title="Webhooks"
      lead="Who is told of calls, voicemails and jobs, signed as Standard Webhooks says"
      actions={
        <>
          {mayChange && (
            <Button look="primary" onPress={() => setMakes(true)}>
              New webhook
            </Button>
          )}
          <SameBy request={{ method: "GET", path: `/api/webhooks${asked === "" ? "" : `?${asked}`}` }} />
        </>
      }
    >
      <FilterBar of={filters}>
        <FilterText label="Address or description" name="q" />
        {onlyTenant === null && <TenantPick value={tenant ?? ""} onChange={(id) => filters.set("tenant", id)} />}
      </FilterBar>
      <PagedTable
        label="Webhooks"
        columns={columns(onlyTenant === null)}
        query={webhooks}
        idOf={(webhook) => webhook.id}
        empty={
          filters.any ? (
            <Empty title="No such webhook">Nothing fits what you asked for above.</Empty>
          ) : (
            <Empty title="Nobody is told yet">
              Give the address of a program of yours: it is told when a call ended or a voicemail came, in seconds and
              without asking.
            </Empty>
          )
        }
      />
      {makes && <Create onClose={() => setMakes(false)} />}
    </Page>
  );
}

function columns(many: boolean): Column<Webhook>[] {
  const all: (Column<Webhook> | false)[] = [
    {
      head: "Address",
      cell: (webhook) => (
        <>
          <Link href={`/webhooks/${webhook.id}`} className="webhook-url">
            {webhook.url}
          </Link>
          {webhook.description !== null && <div className="small soft">{webhook.description}</div>}
        </>
      ),
    },
    many && { head: "Events of", cell: (webhook) => <Scope of={webhook} />, wideOnly: true },
    {
      head: "Told of",
      cell: (webhook) => <span className="small">{webhook.events.join(", ")}</span>,
      wideOnly: true,
    },
    {
      head: "State",
      cell: (webhook) => {
        const { text, tone, why } = standing(webhook);
        return (
          <>
            <Badge tone={tone}>{text}</Badge>
            {webhook.disabledReason !== null && <div className="small soft wide-only">{why}</div>}
          </>
        );
      },
    },
  ];
  return all.filter((column) => column !== false);
}

export function Scope({ of: webhook }: { of: Webhook }) {
  const id = scopeOf(webhook);
  return id === null ? <>everybody</> : <Named id={id} />;
}
