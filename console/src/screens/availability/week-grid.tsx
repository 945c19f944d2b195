// The hours of a week, to be drawn: with the mouse, with a finger, with keys.
import { type CSSProperties, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { DAY_MINUTES, timeOf } from "./days";
import { useDrawing } from "./drawing";
import {
  added,
  type Block,
  blocksOf,
  DAY_NAMES,
  DAY_SHORT,
  type Interval,
  intervalText,
  type Marked,
  movedTo,
  nudged,
  removed,
  replaced,
  roomOn,
  STEP,
} from "./week";

const HOURS = [0, 3, 6, 9, 12, 15, 18, 21, 24];

export function WeekGrid({
  week,
  onChange,
  isDisabled,
}: {
  week: Interval[];
  /** Key presses in a row are one `step`. */
  onChange: (week: Interval[], step?: string) => void;
  isDisabled: boolean;
}) {
  const [selected, setSelected] = useState<number>();
  const [focusOn, setFocusOn] = useState<number>();
  const help = useId();
  const days = useRef<HTMLDivElement>(null);

  const take = ({ week: next, at }: Marked, step?: string) => {
    onChange(next, step);
    setSelected(at);
    setFocusOn(at);
  };
  const drawing = useDrawing({ week, days, isDisabled, onTake: take, onSelect: setSelected });
  const shown = drawing.preview?.week ?? week;
  const active = drawing.preview?.at ?? selected;

  // After a change the same interval may stand elsewhere in the list: the focus goes with it.
  useEffect(() => {
    if (focusOn === undefined) return;
    days.current?.querySelector<HTMLElement>(`[data-at="${focusOn}"][tabindex]`)?.focus();
    setFocusOn(undefined);
  }, [focusOn]);

  const key = (event: KeyboardEvent, at: number) => {
    const one = week[at];
    if (one === undefined || isDisabled) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      onChange(removed(week, at));
      setSelected(undefined);
      const left = week.length - 1;
      if (left > 0) setFocusOn(Math.min(at, left - 1));
      return;
    }
    const next = keyed(one, event);
    if (next === undefined) return;
    event.preventDefault();
    take(replaced(week, at, next), "keys");
  };

  return (
    <div className="week">
      <p id={help} className="hint">
        {isDisabled
          ? "The hours the business is open."
          : "Drag on an empty place to draw open hours; on a phone, hold first. Drag the middle or the edges to change them."}
      </p>
      <div className="week-grid" role="group" aria-label="Business hours of the week">
        <div />
        {DAY_SHORT.map((name, day) => (
          <div key={name} className="week-head">
            <span aria-hidden="true">{name}</span>
            {!isDisabled && (
              <button
                type="button"
                className="week-add"
                aria-label={`Add an interval on ${DAY_NAMES[day]}`}
                title={`Add an interval on ${DAY_NAMES[day]}`}
                onClick={() => take(added(week, roomOn(week, day)))}
              >
                +
              </button>
            )}
          </div>
        ))}
        <div className="week-axis" aria-hidden="true">
          {HOURS.map((hour) => (
            <span key={hour} style={{ top: `${(hour / 24) * 100}%` }}>
              {hour}
            </span>
          ))}
        </div>
        <div ref={days} className={isDisabled ? "week-days still" : "week-days"} {...drawing.handlers}>
          {DAY_SHORT.map((name) => (
            <div key={name} className="week-day" />
          ))}
          {blocksOf(shown).map((block) => (
            <BlockView
              key={`${block.at} ${block.part}`}
              block={block}
              interval={shown[block.at] as Interval}
              active={active === block.at}
              help={help}
              isDisabled={isDisabled}
              onFocus={() => setSelected(block.at)}
              onKeyDown={(event) => key(event, block.at)}
            />
          ))}
        </div>
      </div>
      {!isDisabled && (
        <p className="hint wide-only">
          <kbd>↑</kbd> <kbd>↓</kbd> a quarter of an hour, <kbd>PgUp</kbd> <kbd>PgDn</kbd> an hour, <kbd>←</kbd>{" "}
          <kbd>→</kbd> another day, <kbd>Shift</kbd> the end, <kbd>Alt</kbd> the start, <kbd>Del</kbd> removes
        </p>
      )}
    </div>
  );
}

/** What a key makes of an interval. */
function keyed(one: Interval, { key, shiftKey, altKey }: KeyboardEvent): Interval | undefined {
  const what = shiftKey ? "end" : altKey ? "start" : "all";
  switch (key) {
    case "ArrowUp":
      return nudged(one, what, -STEP);
    case "ArrowDown":
      return nudged(one, what, STEP);
    case "PageUp":
      return nudged(one, what, -60);
    case "PageDown":
      return nudged(one, what, 60);
    case "ArrowLeft":
      return altKey ? undefined : shiftKey ? nudged(one, "end", -STEP) : movedTo(one, one.day - 1, one.from);
    case "ArrowRight":
      return altKey ? undefined : shiftKey ? nudged(one, "end", STEP) : movedTo(one, one.day + 1, one.from);
    default:
      return undefined;
  }
}

function BlockView({
  block,
  interval,
  active,
  help,
  isDisabled,
  onFocus,
  onKeyDown,
}: {
  block: Block;
  interval: Interval;
  active: boolean;
  help: string;
  isDisabled: boolean;
  onFocus: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}) {
  const { day, from, to, part, at } = block;
  const place: CSSProperties = {
    left: `calc(${(day / 7) * 100}% + 2px)`,
    width: `calc(${100 / 7}% - 4px)`,
    top: `${(from / DAY_MINUTES) * 100}%`,
    height: `${((to - from) / DAY_MINUTES) * 100}%`,
  };
  const className = `week-block ${part}${active ? " active" : ""}`;
  const text = part === "tail" ? `until ${timeOf(interval.to)}` : `${timeOf(interval.from)} ${timeOf(interval.to)}`;
  const inside = (
    <>
      <span className="week-edge start" data-edge={part === "tail" ? undefined : "start"} />
      {to - from >= 45 && <span className="week-times">{text}</span>}
      <span className="week-edge end" data-edge={part === "head" ? undefined : "end"} />
    </>
  );
  if (part === "tail") {
    return (
      <div className={className} style={place} data-at={at} data-part={part} aria-hidden="true">
        {inside}
      </div>
    );
  }
  return (
    <div
      className={className}
      style={place}
      data-at={at}
      data-part={part}
      role="slider"
      tabIndex={0}
      aria-label={`${DAY_NAMES[day]} hours`}
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={DAY_MINUTES}
      aria-valuenow={interval.from}
      aria-valuetext={intervalText(interval)}
      aria-disabled={isDisabled}
      aria-describedby={help}
      onFocus={onFocus}
      onKeyDown={onKeyDown}
    >
      {inside}
    </div>
  );
}
