// Days that do not go by the week: marked on a calendar, listed beside it, changed below it.
import { type CalendarDate, parseDate } from "@internationalized/date";
import {
  Button as AriaButton,
  Calendar,
  CalendarCell,
  CalendarGrid,
  CalendarGridBody,
  CalendarGridHeader,
  CalendarHeaderCell,
  Heading,
} from "react-aria-components";
import { useSearchParams } from "wouter";
import { Icon } from "../../ui/icon";
import { todayIn } from "./days";
import { FaultLine, useEditor, useSetting } from "./editor";
import { InUse } from "./in-use";
import { HOURS, HOURS_ZONE } from "./places";
import { pointer } from "./settings";
import { SpecialDay } from "./special-day";
import { SpecialList } from "./special-list";
import "./days.css";
import { isDay, readSpecials, ruling, type Special } from "./specials";

export default function DaysPart() {
  const { tenant } = useEditor();
  const hours = useSetting(HOURS) as Record<string, unknown> | null | undefined;
  const zone = useSetting(HOURS_ZONE);
  const today = todayIn(typeof zone === "string" ? zone : tenant.timezone);
  const [query, setQuery] = useSearchParams();
  const asked = query.get("day") ?? "";
  const day = isDay(asked) ? asked : today;
  const show = (to: string) =>
    setQuery(
      (before) => {
        const next = new URLSearchParams(before);
        next.set("day", to);
        return next;
      },
      { replace: true },
    );
  const specials = readSpecials(hours);

  return (
    <div className="stack wide">
      <InUse part="days">Closed hours count: outside of them the AI answers</InUse>
      <div className="days">
        <MonthView day={day} today={today} specials={specials} onShow={show} />
        <SpecialDay key={day} day={day} specials={specials} />
      </div>
      <SpecialList specials={specials} today={today} onShow={show} />
      <FaultLine pointer={pointer([...HOURS, "holidays"])} />
      <FaultLine pointer={pointer([...HOURS, "exceptions"])} />
    </div>
  );
}

/** What a day is marked with: a shape besides the colour. */
function markOf(special: Special | undefined): "closed" | "hours" | undefined {
  if (special === undefined) return undefined;
  return special.hours.length === 0 ? "closed" : "hours";
}

const MARKS = { closed: "closed", hours: "other hours" };

function MonthView({
  day,
  today,
  specials,
  onShow,
}: {
  day: string;
  today: string;
  specials: Special[];
  onShow: (day: string) => void;
}) {
  const date = parseDate(day);
  return (
    <div className="stack">
      <Calendar
        aria-label="Days that do not go by the week"
        className="calendar"
        value={date}
        onChange={(to: CalendarDate) => onShow(to.toString())}
        firstDayOfWeek="mon"
      >
        <header className="row apart">
          <AriaButton slot="previous" className="button quiet">
            <Icon name="left" />
          </AriaButton>
          <Heading className="strong" />
          <AriaButton slot="next" className="button quiet">
            <Icon name="right" />
          </AriaButton>
        </header>
        <CalendarGrid weekdayStyle="short">
          <CalendarGridHeader>{(name) => <CalendarHeaderCell>{name}</CalendarHeaderCell>}</CalendarGridHeader>
          <CalendarGridBody>
            {(cell) => {
              const special = ruling(specials, cell.toString());
              const mark = markOf(special);
              const isToday = cell.toString() === today;
              return (
                <CalendarCell date={cell} className={`calendar-cell ${mark ?? "plain"}${isToday ? " today" : ""}`}>
                  {({ formattedDate }) => (
                    <>
                      {formattedDate}
                      {mark !== undefined && (
                        <>
                          <span className="calendar-mark" aria-hidden="true" />
                          <span className="hidden-to-eyes">
                            {MARKS[mark]} {special?.name}
                          </span>
                        </>
                      )}
                    </>
                  )}
                </CalendarCell>
              );
            }}
          </CalendarGridBody>
        </CalendarGrid>
      </Calendar>
      <ul className="row list-plain small" aria-label="Legend">
        <li className="calendar-key closed">
          <span className="calendar-mark" /> Closed
        </li>
        <li className="calendar-key hours">
          <span className="calendar-mark" /> Other hours
        </li>
      </ul>
    </div>
  );
}
