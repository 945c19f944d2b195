// Every voicemail, whoever's it is.
import { useSession } from "../../app/session";
import { useTenant } from "../../ui/named";
import { Page } from "../../ui/page";
import { Loading } from "../../ui/states";
import { ownZone, ZoneNote } from "../../ui/time";
import { VoicemailList } from "./list";

export default function Voicemails() {
  const { onlyTenant } = useSession();
  const { tenant, gone } = useTenant(onlyTenant);
  const lead = (
    <>
      Newest first · <ZoneNote zone={tenant?.timezone ?? ownZone} />
    </>
  );
  return (
    <Page title="Voicemails" lead={lead}>
      {onlyTenant === null || gone ? (
        <VoicemailList />
      ) : tenant === undefined ? (
        <Loading />
      ) : (
        <VoicemailList tenant={tenant} />
      )}
    </Page>
  );
}
