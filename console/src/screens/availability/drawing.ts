// Pointers on the week: what is pressed, where it goes, and when it counts.
import { type PointerEvent as ReactPointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { DAY_MINUTES } from "./days";
import {
  added,
  beginningAt,
  drawn,
  endingAt,
  type Interval,
  type Marked,
  movedTo,
  reach,
  removed,
  replaced,
  type Spot,
  snapped,
} from "./week";

/** How far a pointer goes until it drags. */
const DRAG_PX = 4;

/** How long a finger rests until it draws: a shorter touch scrolls the page. */
const HOLD_MS = 280;

interface Drag {
  kind: "draw" | "move" | "start" | "end";
  pointer: number;
  /** Which interval; none while one is drawn. */
  at: number | undefined;
  start: Spot;
  x: number;
  y: number;
  /** False until it is more than a tap, or a finger has rested long enough. */
  begun: boolean;
  touch: boolean;
  hold: ReturnType<typeof setTimeout> | undefined;
}

export function useDrawing({
  week,
  days,
  isDisabled,
  onTake,
  onSelect,
}: {
  week: Interval[];
  days: RefObject<HTMLDivElement | null>;
  isDisabled: boolean;
  onTake: (result: Marked) => void;
  onSelect: (at: number | undefined) => void;
}) {
  const drag = useRef<Drag>(undefined);
  const [preview, setPreview] = useState<Marked>();

  const stop = () => {
    clearTimeout(drag.current?.hold);
    drag.current = undefined;
    setPreview(undefined);
  };

  // A finger that draws must not scroll: only a listener that is not passive can say so.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what stops a drag is the same at every time
  useEffect(() => {
    const element = days.current;
    const touch = (event: TouchEvent) => {
      if (drag.current?.begun === true) event.preventDefault();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape" && drag.current !== undefined) stop();
    };
    element?.addEventListener("touchmove", touch, { passive: false });
    window.addEventListener("keydown", key);
    return () => {
      element?.removeEventListener("touchmove", touch);
      window.removeEventListener("keydown", key);
      clearTimeout(drag.current?.hold);
    };
  }, [days]);

  const spotOf = (event: { clientX: number; clientY: number }): Spot => {
    const box = days.current?.getBoundingClientRect();
    if (box === undefined) return { day: 0, minute: 0 };
    const clamp = (value: number, high: number) => Math.min(Math.max(value, 0), high);
    return {
      day: clamp(Math.floor(((event.clientX - box.left) / box.width) * 7), 6),
      minute: clamp(((event.clientY - box.top) / box.height) * DAY_MINUTES, DAY_MINUTES),
    };
  };

  const result = (now: Drag, spot: Spot): Marked => {
    const one = now.at === undefined ? undefined : week[now.at];
    if (one === undefined || now.at === undefined) return added(week, drawn(now.start, spot));
    return replaced(week, now.at, dragged(now, one, spot));
  };

  const down = (event: ReactPointerEvent) => {
    if (isDisabled || event.button !== 0 || drag.current !== undefined || !(event.target instanceof Element)) return;
    const block = event.target.closest<HTMLElement>("[data-at]");
    const touch = event.pointerType === "touch";
    const edge = block === null ? undefined : edgeAt(block, event.clientY, touch);
    const at = block === null ? undefined : Number(block.dataset.at);
    // What is selected already follows a finger at once.
    const waits = touch && !(block?.classList.contains("active") ?? false);
    const now: Drag = {
      kind: at === undefined ? "draw" : (edge ?? "move"),
      pointer: event.pointerId,
      at,
      start: spotOf(event),
      x: event.clientX,
      y: event.clientY,
      begun: false,
      touch: waits,
      hold: undefined,
    };
    drag.current = now;
    if (waits) {
      now.hold = setTimeout(() => {
        now.begun = true;
        navigator.vibrate?.(10);
        setPreview(result(now, { ...now.start, minute: now.start.minute + (at === undefined ? 60 : 0) }));
      }, HOLD_MS);
    }
    if (at === undefined) onSelect(undefined);
    days.current?.setPointerCapture(event.pointerId);
  };

  const move = (event: ReactPointerEvent) => {
    const now = drag.current;
    if (now === undefined || event.pointerId !== now.pointer) return;
    if (!now.begun) {
      if (Math.hypot(event.clientX - now.x, event.clientY - now.y) < DRAG_PX) return;
      if (now.touch) {
        stop();
        return;
      }
      now.begun = true;
    }
    setPreview(result(now, spotOf(event)));
  };

  const up = (event: ReactPointerEvent) => {
    const now = drag.current;
    if (now === undefined || event.pointerId !== now.pointer) return;
    if (now.begun && preview !== undefined) {
      const one = preview.week[preview.at];
      // Dropped upon others of its day it becomes one with them.
      if (one !== undefined) onTake(added(removed(preview.week, preview.at), one));
    } else if (now.at !== undefined) {
      onSelect(now.at);
      days.current?.querySelector<HTMLElement>(`[data-at="${now.at}"][tabindex]`)?.focus();
    }
    stop();
  };

  return {
    preview,
    handlers: { onPointerDown: down, onPointerMove: move, onPointerUp: up, onPointerCancel: stop },
  };
}

/** Which end of a block is held, if it is one: what runs over midnight has only one on each day. */
function edgeAt(block: HTMLElement, y: number, touch: boolean): "start" | "end" | undefined {
  const { top, bottom, height } = block.getBoundingClientRect();
  const zone = Math.min(touch ? 14 : 8, height / 3);
  if (y - top < zone && block.dataset.part !== "tail") return "start";
  return bottom - y < zone && block.dataset.part !== "head" ? "end" : undefined;
}

function dragged({ kind, start }: Drag, one: Interval, spot: Spot): Interval {
  if (kind === "end") return endingAt(one, snapped(reach(one.day, spot)));
  if (kind === "start") return beginningAt(one, snapped(spot.day === one.day ? spot.minute : one.from));
  // Held at the part that runs into the next day, that day is the one under the pointer.
  const held = reach(one.day, start);
  const day = held >= DAY_MINUTES ? spot.day - 1 : spot.day;
  const grip = held - one.from;
  const minute = held >= DAY_MINUTES ? DAY_MINUTES + spot.minute : spot.minute;
  return movedTo(one, (day + 7) % 7, snapped(minute - grip));
}
