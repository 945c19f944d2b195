// The same week as a list of typed times: for readers, for phones, and for times between the quarters.

import { useState } from "react";
import {
  Button as AriaButton,
  Dialog,
  DialogTrigger,
  Menu,
  MenuItem,
  MenuTrigger,
  Popover,
} from "react-aria-components";
import { Button } from "../../ui/button";
import { Checkbox } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { FaultLine, Spot } from "./editor";
import { SCHEDULE } from "./places";
import { pointer } from "./settings";
import { StretchRow } from "./stretch-row";
import { added, copied, DAY_NAMES, type Interval, removed, replaced, roomOn, WEEKDAYS } from "./week";

interface Props {
  week: Interval[];
  onChange: (week: Interval[]) => void;
  isDisabled: boolean;
}

export function DayList({ week, onChange, isDisabled }: Props) {
  return (
    <section aria-label="Exact times" className="day-list">
      <h3>Exact times</h3>
      <ul className="list-plain">
        {WEEKDAYS.map((key, day) => {
          const place = pointer([...SCHEDULE, key]);
          return (
            <li key={key} data-day={key}>
              <Spot pointer={place} className="day-row">
                <span className="strong">{DAY_NAMES[day]}</span>
                <div className="row day-hours">
                  {week.map((one, at) =>
                    one.day !== day ? null : (
                      <StretchRow
                        key={at - week.findIndex((first) => first.day === day)}
                        name={DAY_NAMES[day] ?? ""}
                        times={one}
                        isDisabled={isDisabled}
                        onChange={(times) => onChange(replaced(week, at, { ...one, ...times }).week)}
                        onRemove={() => onChange(removed(week, at))}
                      />
                    ),
                  )}
                  {!week.some((one) => one.day === day) && <span className="soft">Closed</span>}
                </div>
                {!isDisabled && <DayDeeds day={day} week={week} onChange={onChange} />}
              </Spot>
              <FaultLine pointer={place} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function DayDeeds({ day, week, onChange }: Omit<Props, "isDisabled"> & { day: number }) {
  const name = DAY_NAMES[day];
  const others = week.filter((one) => one.day !== day);
  const deeds: Record<string, () => Interval[]> = {
    all: () => copied(week, day, [0, 1, 2, 3, 4, 5, 6]),
    weekdays: () => copied(week, day, [0, 1, 2, 3, 4]),
    open: () => added(others, { day, from: 0, to: 1440, given: {} }).week,
    closed: () => others,
  };
  return (
    <div className="row day-deeds">
      <Button
        look="quiet"
        aria-label={`Add an interval on ${name}, to type its times`}
        onPress={() => onChange(added(week, roomOn(week, day)).week)}
      >
        <Icon name="plus" />
      </Button>
      <MenuTrigger>
        <AriaButton className="button quiet" aria-label={`More for ${name}`}>
          <Icon name="down" />
        </AriaButton>
        <Popover className="popover menu-popover" placement="bottom end">
          <Menu className="menu" onAction={(key) => onChange((deeds[String(key)] as () => Interval[])())}>
            <MenuItem id="open">Open all day</MenuItem>
            <MenuItem id="closed">Closed all day</MenuItem>
            <MenuItem id="weekdays">Copy to Monday–Friday</MenuItem>
            <MenuItem id="all">Copy to every day</MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      <CopyTo day={day} week={week} onChange={onChange} />
    </div>
  );
}

function CopyTo({ day, week, onChange }: Omit<Props, "isDisabled"> & { day: number }) {
  const [chosen, setChosen] = useState<number[]>([]);
  const [open, setOpen] = useState(false);
  const name = DAY_NAMES[day];
  return (
    <DialogTrigger isOpen={open} onOpenChange={setOpen}>
      <AriaButton className="button quiet" aria-label={`Copy ${name} to chosen days`}>
        <Icon name="copy" />
      </AriaButton>
      <Popover className="popover menu-popover" placement="bottom end">
        <Dialog className="dialog" aria-label={`Copy ${name} to`}>
          <p className="strong">Copy {name} to</p>
          <div className="stack tight">
            {DAY_NAMES.map((other, at) =>
              at === day ? null : (
                <Checkbox
                  key={other}
                  isSelected={chosen.includes(at)}
                  onChange={(on) => setChosen(on ? [...chosen, at] : chosen.filter((one) => one !== at))}
                >
                  {other}
                </Checkbox>
              ),
            )}
          </div>
          <Button
            look="primary"
            isDisabled={chosen.length === 0}
            onPress={() => {
              onChange(copied(week, day, chosen));
              setChosen([]);
              setOpen(false);
            }}
          >
            Copy
          </Button>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
