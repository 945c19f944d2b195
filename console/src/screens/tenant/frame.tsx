// What stands above every screen of a tenant: its name, its tabs, and whether the AI answers now and until when, which
// the overview says larger by itself.
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { api } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { useTitle } from "../../ui/page";
import { Known } from "../../ui/states";
import { Answering } from "./answering";

type Tab = readonly [path: string, label: string, ...rest: unknown[]];

export function TenantFrame({
  id,
  tabs,
  children,
}: {
  id: string;
  tabs: readonly Tab[];
  children: (tenant: Tenant) => ReactNode;
}) {
  const query = api.useQuery("get", "/api/tenants/{id}", { params: { path: { id } } });
  return (
    <Known query={query}>
      {(tenant) => (
        <div className="page">
          <Head tenant={tenant} tabs={tabs} />
          {children(tenant)}
        </div>
      )}
    </Known>
  );
}

function Head({ tenant, tabs }: { tenant: Tenant; tabs: readonly Tab[] }) {
  const [path] = useLocation();
  const root = `/tenants/${tenant.id}`;
  const here = tabs.find(([tab]) => path === `${root}${tab}`);
  useTitle(here === undefined || here[0] === "" ? tenant.name : `${here[1]} · ${tenant.name}`);
  return (
    <header className="stack">
      <div className="row apart">
        <div className="stack tight">
          <h1>{tenant.name}</h1>
          <p className="soft">
            <code>{tenant.slug}</code> · times in {tenant.timezone}
          </p>
        </div>
        {here?.[0] !== "" && <Answering tenant={tenant} />}
      </div>
      <nav className="tabs" aria-label={tenant.name}>
        {tabs.map(([tab, label]) => (
          <Link key={tab} href={`${root}${tab}`} aria-current={path === `${root}${tab}` ? "page" : undefined}>
            {label}
          </Link>
        ))}
      </nav>
    </header>
  );
}
