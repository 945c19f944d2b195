// One business on one page: who answers now and until when, the hand on the switch, the week, and what came in lately.
import type { Tenant } from "../../api/schema";
import { useSession } from "../../app/session";
import { About } from "./about";
import { ConnectionPanel, LastCalls, NumbersPanel, UnheardPanel } from "./lately";
import { Now } from "./now";
import { OverridePanel } from "./override";
import { RemoveTenant } from "./remove";
import { RetentionPanel } from "./retention";
import { Week } from "./week";
import "./overview.css";

export default function Overview({ tenant }: { tenant: Tenant }) {
  const { mayAdminister } = useSession();
  return (
    <>
      <Now tenant={tenant} />
      <OverridePanel tenant={tenant} />
      <div className="overview">
        <div className="stack">
          <Week tenant={tenant} />
          <LastCalls tenant={tenant} />
        </div>
        <div className="stack">
          <UnheardPanel tenant={tenant} />
          <NumbersPanel tenant={tenant} />
          <ConnectionPanel tenant={tenant} />
        </div>
      </div>
      <div className="overview">
        <About tenant={tenant} />
        <div className="stack">
          <RetentionPanel tenant={tenant} />
          {mayAdminister && <RemoveTenant tenant={tenant} />}
        </div>
      </div>
    </>
  );
}
