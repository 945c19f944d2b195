// All special days in a list: which they are, what happens, and the way to change them.
import { useState } from "react";
import { Button } from "../../ui/button";
import { dateText } from "../../ui/coverage-words";
import { Checkbox } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { Empty } from "../../ui/states";
import { useEditor, useSetting } from "./editor";
import { HOURS } from "./places";
import { inOrder, type Special, withoutSpecial } from "./specials";
import { listed, stretchWords } from "./words";

export function SpecialList({
  specials,
  today,
  onShow,
}: {
  specials: Special[];
  today: string;
  onShow: (day: string) => void;
}) {
  const { edit, mayEdit } = useEditor();
  const hours = useSetting(HOURS) as Record<string, unknown> | null | undefined;
  const [all, setAll] = useState(false);
  const isPast = (special: Special) => !special.yearly && special.last < today;
  const past = specials.filter(isPast).length;
  const shown = inOrder(specials).filter((special) => all || !isPast(special));
  if (specials.length === 0) {
    return <Empty title="No special days yet">Choose a day on the calendar and say what happens on it.</Empty>;
  }
  return (
    <section className="stack" aria-label="Special days">
      <div className="row apart">
        <h3>Special days</h3>
        {past > 0 && (
          <Checkbox isSelected={all} onChange={setAll}>
            Those gone by too ({past})
          </Checkbox>
        )}
      </div>
      <ul className="list-plain special-list">
        {shown.map((special) => (
          <li key={`${special.source?.list} ${special.source?.index}`}>
            <button type="button" className="special-day as-link" onClick={() => onShow(nextOf(special, today))}>
              {daysText(special)}
            </button>
            <span className={special.hours.length === 0 ? "soft" : undefined}>
              {special.hours.length === 0 ? "Closed" : `Open ${listed(special.hours.map(stretchWords))}`}
            </span>
            <span className="soft special-name">{special.name}</span>
            {mayEdit && (
              <Button
                look="quiet"
                aria-label={`Remove ${daysText(special)}`}
                onPress={() => special.source !== undefined && edit(HOURS, withoutSpecial(hours, special.source))}
              >
                <Icon name="close" />
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const MONTH_DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: "UTC" });
const WITH_YEAR = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  year: "numeric",
  timeZone: "UTC",
});

function daysText({ yearly, first, last }: Special): string {
  if (yearly) return `Every ${MONTH_DAY.format(new Date(first))}`;
  const day = (date: string) => `${dateText(date).split(",")[0]}, ${WITH_YEAR.format(new Date(date))}`;
  return first === last ? day(first) : `${day(first)} – ${day(last)}`;
}

/** Where the calendar shows it. */
function nextOf({ yearly, first }: Special, today: string): string {
  if (!yearly) return first;
  const year = Number(today.slice(0, 4));
  const here = `${year}${first.slice(4)}`;
  return here >= today ? here : `${year + 1}${first.slice(4)}`;
}
