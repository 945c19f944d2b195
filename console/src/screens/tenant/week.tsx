// The coming week: when the AI answers and when people do, drawn by the engine that decides.
import { Link } from "wouter";
import { api } from "../../api/client";
import type { Tenant } from "../../api/schema";
import { CoveragePicture } from "../../ui/coverage-picture";
import { Panel } from "../../ui/page";
import { Known, Loading } from "../../ui/states";

export function Week({ tenant }: { tenant: Tenant }) {
  const coverage = api.useQuery("get", "/api/tenants/{id}/coverage", {
    params: { path: { id: tenant.id }, query: { days: 7 } },
  });
  return (
    <Panel
      title="The coming 7 days"
      actions={<Link href={`/tenants/${tenant.id}/availability`}>Change when it answers</Link>}
    >
      <Known query={coverage} loading={<Loading what="Drawing the week" />}>
        {(known) => <CoveragePicture coverage={known} zone={tenant.timezone} compact />}
      </Known>
    </Panel>
  );
}
