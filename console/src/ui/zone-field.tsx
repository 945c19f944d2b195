// A time zone, found by any part of its name.
import { ListLayout, Virtualizer } from "react-aria-components";
import { ComboBox, type Finding, type Option } from "./combo-box";
import { ownZone } from "./time";

let kept: Option[] | undefined;

/** All zones there are. Making the list takes the browser a while, so it is made once, and only where it is shown. */
function zones(): Option[] {
  kept ??= ["UTC", ...Intl.supportedValuesOf("timeZone")].map((id) => ({ id, name: id.replaceAll("_", " ") }));
  return kept;
}

export function ZoneField({ label = "Time zone", hint, error, value, onChange }: Omit<Finding, "placeholder">) {
  const known = zones();
  // A zone may be older than the browser's list of them.
  const all = value === "" || known.some(({ id }) => id === value) ? known : [{ id: value, name: value }, ...known];
  return (
    <ComboBox
      label={label}
      hint={hint ?? `This browser is in ${ownZone.replaceAll("_", " ")}.`}
      error={error}
      value={value}
      onSelectionChange={(key) => key !== null && onChange(String(key))}
      defaultItems={all}
      placeholder="Toronto, London…"
      none="Nothing of this name"
      around={(list) => (
        <Virtualizer layout={ListLayout} layoutOptions={{ estimatedRowHeight: 36 }}>
          {list}
        </Virtualizer>
      )}
    />
  );
}
