// The voicemails of one tenant.
import type { Tenant } from "../../api/schema";
import { VoicemailList } from "./list";

export default function VoicemailsOfTenant({ tenant }: { tenant: Tenant }) {
  return <VoicemailList tenant={tenant} />;
}
