// When the AI answers, chosen, and what that means with everything else as it is now.
import { Choice } from "../../ui/field";
import { Panel } from "../../ui/page";
import { SameBy } from "../../ui/same-by";
import { FaultLine, Spot, useEditor } from "./editor";
import { meaning } from "./meaning";
import { MODES } from "./modes";

export function ModePart() {
  const { tenant, settings, mayEdit, edit } = useEditor();
  return (
    <Panel
      title="When the AI answers"
      actions={
        <SameBy
          cli={`patchbay tenants availability get ${tenant.slug}`}
          request={{ method: "GET", path: `/api/tenants/${tenant.id}/availability` }}
        />
      }
    >
      <Spot pointer="/mode" className="modes">
        <Choice
          label="Mode"
          value={settings.mode}
          options={MODES}
          isDisabled={!mayEdit}
          onChange={(mode) => edit(["mode"], mode)}
        />
        <FaultLine pointer="/mode" />
      </Spot>
      <p className="meaning" role="status">
        {meaning(settings)}
      </p>
    </Panel>
  );
}
