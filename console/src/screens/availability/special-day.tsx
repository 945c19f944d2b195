// What happens on a day of the calendar, and how long it goes on so.
import { Button } from "../../ui/button";
import { dateText } from "../../ui/coverage-words";
import { Checkbox, Select, TextField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { DAY_MINUTES } from "./days";
import { FaultLine, Spot, useEditor, useSetting } from "./editor";
import { HOURS, SCHEDULE } from "./places";
import { pointer } from "./settings";
import { isDay, ruling, type Special, withoutSpecial, withSpecial } from "./specials";
import { StretchRow } from "./stretch-row";
import { readWeek } from "./week";
import { listed, stretchWords } from "./words";

type What = "week" | "closed" | "hours" | "open";

const WHOLE = { from: 0, to: DAY_MINUTES, given: {} };

function whatOf(special: Special | undefined): What {
  if (special === undefined) return "week";
  if (special.hours.length === 0) return "closed";
  const [one, more] = special.hours;
  return more === undefined && one?.from === 0 && one.to === DAY_MINUTES ? "open" : "hours";
}

export function SpecialDay({ day, specials }: { day: string; specials: Special[] }) {
  const { edit, mayEdit } = useEditor();
  const hours = useSetting(HOURS) as Record<string, unknown> | null | undefined;
  const schedule = useSetting(SCHEDULE);
  const special = ruling(specials, day);
  const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
  const usual = readWeek(schedule).filter((one) => one.day === weekday);

  const write = (next: Special, step?: string) => edit(HOURS, withSpecial(hours, next).businessHours, step);
  const begin = (): Special => ({
    source: undefined,
    first: day,
    last: day,
    yearly: false,
    hours: [],
    name: "",
    given: {},
  });
  const choose = (what: What) => {
    if (what === "week") {
      if (special?.source !== undefined) edit(HOURS, withoutSpecial(hours, special.source));
      return;
    }
    const from = special ?? begin();
    if (what === "closed") return write({ ...from, hours: [] });
    if (what === "open") return write({ ...from, yearly: false, ...here(from, day), hours: [WHOLE] });
    const own =
      usual.length > 0 ? usual.map(({ from, to }) => ({ from, to, given: {} })) : [{ from: 540, to: 720, given: {} }];
    write({ ...from, yearly: false, ...here(from, day), hours: own });
  };

  const what = whatOf(special);
  return (
    <section className="stack special" aria-label={dateText(day, "long")}>
      <div className="stack tight">
        <h3>{dateText(day, "long")}</h3>
        <p className="small soft">
          By the week: {usual.length === 0 ? "closed" : `open ${listed(usual.map(stretchWords))}`}
        </p>
      </div>
      <Select
        label="On this day"
        value={what}
        isDisabled={!mayEdit}
        onChange={choose}
        options={[
          { value: "week", label: "As every week" },
          { value: "closed", label: "Closed" },
          { value: "hours", label: "Other hours" },
          { value: "open", label: "Open all day" },
        ]}
      />
      {special !== undefined && <Details special={special} what={what} onChange={write} />}
      {special?.source !== undefined && (
        <FaultLine pointer={pointer([...HOURS, special.source.list, special.source.index])} />
      )}
    </section>
  );
}

/** A day of every year stands for all years; with hours it becomes this one. */
function here(special: Special, day: string) {
  return special.yearly ? { first: day, last: day } : {};
}

function Details({
  special,
  what,
  onChange,
}: {
  special: Special;
  what: What;
  onChange: (special: Special, step?: string) => void;
}) {
  const { mayEdit } = useEditor();
  const place = special.source === undefined ? "" : pointer([...HOURS, special.source.list, special.source.index]);
  const setHours = (hours: Special["hours"]) => onChange({ ...special, hours });
  const single = special.first === special.last;
  return (
    <>
      {what === "hours" && (
        <Spot pointer={`${place}/hours`} className="stack tight">
          {special.hours.map((one, at) => (
            <StretchRow
              key={at}
              name={dateText(special.first)}
              times={one}
              isDisabled={!mayEdit}
              onChange={(times) => setHours(special.hours.with(at, { ...one, ...times }))}
              {...(special.hours.length > 1 && { onRemove: () => setHours(special.hours.toSpliced(at, 1)) })}
            />
          ))}
          {mayEdit && (
            <div>
              <Button look="quiet" onPress={() => setHours([...special.hours, roomAfter(special.hours)])}>
                <Icon name="plus" /> Add hours
              </Button>
            </div>
          )}
        </Spot>
      )}
      {special.yearly ? (
        <Checkbox
          isSelected
          isDisabled={!mayEdit}
          onChange={() => {
            const year = new Date().getUTCFullYear();
            const day = `${year}${special.first.slice(4)}`;
            const next = isDay(day) ? day : `${year + (4 - (year % 4))}${special.first.slice(4)}`;
            onChange({ ...special, yearly: false, first: next, last: next });
          }}
        >
          Every year
        </Checkbox>
      ) : (
        <>
          <Spot pointer={`${place}/to`} className="dates">
            <DateField
              label="From"
              day={special.first}
              onChange={(first) => onChange(ordered({ ...special, first }))}
            />
            <DateField
              label="Last day"
              day={special.last}
              min={special.first}
              onChange={(last) => onChange(ordered({ ...special, last }))}
            />
          </Spot>
          {what === "closed" && single && special.name === "" && (
            <Checkbox
              isSelected={false}
              isDisabled={!mayEdit}
              onChange={() => onChange({ ...special, yearly: true, given: {} })}
            >
              Every year
            </Checkbox>
          )}
          <TextField
            label="Name"
            value={special.name}
            isDisabled={!mayEdit}
            placeholder="Christmas Eve"
            onChange={(name) => onChange({ ...special, name: name.slice(0, 200) }, `name ${special.first}`)}
          />
        </>
      )}
    </>
  );
}

/** A range that would end before it begins is the day that was just chosen. */
function ordered(special: Special): Special {
  return special.last < special.first ? { ...special, last: special.first } : special;
}

function roomAfter(hours: Special["hours"]) {
  const from = Math.min(Math.max(...hours.map((one) => one.to)) + 60, DAY_MINUTES - 60);
  return { from, to: Math.min(from + 180, DAY_MINUTES), given: {} };
}

function DateField({
  label,
  day,
  min,
  onChange,
}: {
  label: string;
  day: string;
  min?: string;
  onChange: (day: string) => void;
}) {
  const { mayEdit } = useEditor();
  return (
    <label className="field">
      <span className="label">{label}</span>
      <input
        className="input"
        type="date"
        value={day}
        min={min}
        disabled={!mayEdit}
        onChange={(event) => isDay(event.currentTarget.value) && onChange(event.currentTarget.value)}
      />
    </label>
  );
}
