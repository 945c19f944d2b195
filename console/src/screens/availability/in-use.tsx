// Whether a part has a say: a switch in mode combined, else a word where it has none.
import { Note } from "../../ui/badge";
import { Switch } from "../../ui/field";
import { useEditor } from "./editor";
import { counts, MODES, type PartName, SWITCHES } from "./modes";

export function InUse({ part, children }: { part: Exclude<PartName, "fallback">; children: string }) {
  const { settings, mayEdit, edit } = useEditor();
  const section = SWITCHES[part];
  if (settings.mode === "combined") {
    return (
      <Switch
        isSelected={settings[section]?.enabled === true}
        isDisabled={!mayEdit}
        onChange={(on) => edit([section, "enabled"], on)}
      >
        {children}
      </Switch>
    );
  }
  if (counts(part, settings)) return null;
  const mode = MODES.find((one) => one.value === settings.mode)?.label ?? settings.mode;
  return <Note>These are kept, but have no say in the mode “{mode}”.</Note>;
}
