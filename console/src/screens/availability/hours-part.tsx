// The business hours: drawn on a week, or typed in a list that can do just as much.
import { Button } from "../../ui/button";
import { Select } from "../../ui/field";
import { Empty } from "../../ui/states";
import { DayList } from "./day-list";
import { FaultLine, Spot, useEditor, useSetting } from "./editor";
import { InUse } from "./in-use";
import { HOURS, HOURS_ZONE, SCHEDULE } from "./places";
import { pointer } from "./settings";
import { type Interval, readWeek, writeWeek } from "./week";
import { WeekGrid } from "./week-grid";

export function HoursPart() {
  const { edit, mayEdit } = useEditor();
  const schedule = useSetting(SCHEDULE);
  const week = readWeek(schedule);
  const change = (next: Interval[], step?: string) => edit(SCHEDULE, writeWeek(schedule, next), step);
  const usual = [0, 1, 2, 3, 4].map((day) => ({ day, from: 540, to: 1020, given: {} }));

  return (
    <div className="stack wide">
      <InUse part="hours">Closed hours count: outside of them the AI answers</InUse>
      {(schedule ?? undefined) === undefined ? (
        <Spot pointer={pointer(HOURS)}>
          <Empty
            title="No business hours yet"
            action={
              mayEdit && (
                <div className="row">
                  <Button look="primary" onPress={() => change(usual)}>
                    Begin with Monday to Friday, 9 to 5
                  </Button>
                  <Button onPress={() => edit(SCHEDULE, {})}>Begin with an empty week</Button>
                </div>
              )
            }
          >
            Until there are some, nobody knows when the business is closed.
          </Empty>
          <FaultLine pointer={pointer(HOURS)} />
        </Spot>
      ) : (
        <>
          <WeekGrid week={week} onChange={change} isDisabled={!mayEdit} />
          <DayList week={week} onChange={change} isDisabled={!mayEdit} />
        </>
      )}
      <ZoneField />
    </div>
  );
}

const ZONES = Intl.supportedValuesOf("timeZone");

function ZoneField() {
  const { tenant, edit, mayEdit } = useEditor();
  const given = useSetting(HOURS_ZONE);
  const value = typeof given === "string" ? given : "";
  const zones = value === "" || ZONES.includes(value) ? ZONES : [value, ...ZONES];
  return (
    <Spot pointer={pointer(HOURS_ZONE)} className="hours-zone">
      <Select
        label="Time zone of these hours"
        value={value}
        isDisabled={!mayEdit}
        onChange={(zone) => edit(HOURS_ZONE, zone === "" ? undefined : zone)}
        options={[
          { value: "", label: `${tenant.timezone} (the tenant's)` },
          ...zones.map((zone) => ({ value: zone, label: zone })),
        ]}
      />
      <FaultLine pointer={pointer(HOURS_ZONE)} />
    </Spot>
  );
}
