// Every screen on one screen: its address, and the file it comes from. Each is loaded when it is first opened.
import { type ComponentType, type LazyExoticComponent, lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import type { Tenant } from "../api/schema";
import { TenantFrame } from "../screens/tenant/frame";
import { ButtonLink } from "../ui/button";
import { Page } from "../ui/page";
import { Empty, Loading } from "../ui/states";

type Screen<P = object> = LazyExoticComponent<ComponentType<P>>;

const SCREENS: [path: string, screen: Screen<{ id: string }>][] = [
  ["/", lazy(() => import("../screens/today/today"))],
  ["/tenants", lazy(() => import("../screens/tenants/tenants"))],
  ["/numbers", lazy(() => import("../screens/numbers/numbers"))],
  ["/calls", lazy(() => import("../screens/calls/calls"))],
  ["/calls/:id", lazy(() => import("../screens/calls/call"))],
  ["/voicemails", lazy(() => import("../screens/voicemails/voicemails"))],
  ["/jobs", lazy(() => import("../screens/jobs/jobs"))],
  ["/jobs/:id", lazy(() => import("../screens/jobs/job"))],
  ["/organizations", lazy(() => import("../screens/organizations/organizations"))],
  ["/organizations/:id", lazy(() => import("../screens/organizations/organization"))],
  ["/tokens", lazy(() => import("../screens/tokens/tokens"))],
  ["/audit", lazy(() => import("../screens/audit/audit"))],
  ["/webhooks", lazy(() => import("../screens/webhooks/webhooks"))],
  ["/webhooks/:id", lazy(() => import("../screens/webhooks/webhook"))],
  ["/check", lazy(() => import("../screens/check/check"))],
];

/** What is shown of one tenant, under its name and its tabs. */
const TENANT_SCREENS: [path: string, label: string, screen: Screen<{ tenant: Tenant }>][] = [
  ["", "Overview", lazy(() => import("../screens/tenant/overview"))],
  ["/availability", "Availability", lazy(() => import("../screens/availability/availability"))],
  ["/what-if", "What if", lazy(() => import("../screens/what-if/what-if"))],
  ["/numbers", "Numbers", lazy(() => import("../screens/numbers/of-tenant"))],
  ["/connect", "Connect", lazy(() => import("../screens/connect/connect"))],
  ["/calls", "Calls", lazy(() => import("../screens/calls/of-tenant"))],
  ["/voicemails", "Voicemails", lazy(() => import("../screens/voicemails/of-tenant"))],
  ["/history", "History", lazy(() => import("../screens/tenant/history"))],
];

export function Routes() {
  return (
    <Suspense fallback={<Loading what="Opening" />}>
      <Switch>
        {SCREENS.map(([path, Screen]) => (
          <Route key={path} path={path}>
            {(params: { id?: string }) => <Screen id={params.id ?? ""} />}
          </Route>
        ))}
        {TENANT_SCREENS.map(([path, , Screen]) => (
          <Route key={path} path={`/tenants/:id${path}`}>
            {({ id }) => (
              <TenantFrame id={id ?? ""} tabs={TENANT_SCREENS}>
                {(tenant) => (
                  <Suspense fallback={<Loading what="Opening" />}>
                    <Screen tenant={tenant} />
                  </Suspense>
                )}
              </TenantFrame>
            )}
          </Route>
        ))}
        <Route>
          <Page title="No such page">
            <Empty title="Nothing is at this address" action={<ButtonLink href="/">Go to Today</ButtonLink>}>
              The link may be old, or cut off.
            </Empty>
          </Page>
        </Route>
      </Switch>
    </Suspense>
  );
}
