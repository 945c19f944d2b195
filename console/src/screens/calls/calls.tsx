// Every call, whoever's it is.
import { useSession } from "../../app/session";
import { useTenant } from "../../ui/named";
import { Page } from "../../ui/page";
import { Loading } from "../../ui/states";
import { ownZone, ZoneNote } from "../../ui/time";
import { CallList } from "./list";

export default function Calls() {
  const { onlyTenant } = useSession();
  const { tenant, gone } = useTenant(onlyTenant);
  const lead = (
    <>
      Newest first; new ones appear by themselves · <ZoneNote zone={tenant?.timezone ?? ownZone} />
    </>
  );
  return (
    <Page title="Calls" lead={lead}>
      {onlyTenant === null || gone ? <CallList /> : tenant === undefined ? <Loading /> : <CallList tenant={tenant} />}
    </Page>
  );
}
