// The calls of one tenant.
import type { Tenant } from "../../api/schema";
import { CallList } from "./list";

export default function CallsOfTenant({ tenant }: { tenant: Tenant }) {
  return <CallList tenant={tenant} />;
}
