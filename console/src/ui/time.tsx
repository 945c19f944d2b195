// Instants as people read them: in a zone that is named, exact for whoever points at them.
import { useEffect, useRef, useState } from "react";

type Style = "clock" | "day" | "full" | "seconds";

const STYLES: Record<Style, Intl.DateTimeFormatOptions> = {
  clock: { hour: "numeric", minute: "2-digit" },
  day: { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
  full: {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  },
  seconds: { day: "numeric", month: "short", hour: "numeric", minute: "2-digit", second: "2-digit" },
};

const kept = new Map<string, Intl.DateTimeFormat>();

/** Making a format costs more than a hundred uses of it. */
function format(style: Style, zone: string | undefined): Intl.DateTimeFormat {
  const key = `${style} ${zone ?? ""}`;
  let known = kept.get(key);
  if (known === undefined) {
    known = new Intl.DateTimeFormat(undefined, { ...STYLES[style], timeZone: zone });
    kept.set(key, known);
  }
  return known;
}

export function timeText(at: string, zone: string | undefined, style: Style = "day"): string {
  return format(style, zone).format(new Date(at));
}

/** An instant. Without a zone it is told in that of the browser. */
export function Time({ at, zone, as = "day" }: { at: string; zone?: string | undefined; as?: Style }) {
  return (
    <time dateTime={at} title={`${timeText(at, zone, "full")} · ${at}`}>
      {timeText(at, zone, as)}
    </time>
  );
}

export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A day of the browser's own calendar as the instant it begins, or one some days later does. */
export function ownDayBegins(day: string, plusDays = 0): string | undefined {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined || Number.isNaN(date)) return undefined;
  return new Date(year, month - 1, date + plusDays).toISOString();
}

/** The words under a title that say in which zone everything below is told. */
export function ZoneNote({ zone }: { zone: string }) {
  return <span>times in {zone}</span>;
}

/** How long ago it began, counting on. */
export function Since({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={at}>
      {lasting(Math.max(0, now - Date.parse(at)) / 1000)}
    </time>
  );
}

/** The clock, once a second. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Longest a timer of the browser can wait. */
const TIMER_MAX_MS = 2_147_483_647;

/** Does something when an instant has come: a moment after it, so that the server's clock is there too. */
export function useAt(at: string | null | undefined, deed: () => void) {
  const latest = useRef(deed);
  useEffect(() => {
    latest.current = deed;
  });
  useEffect(() => {
    if (at === null || at === undefined) return;
    const wait = Date.parse(at) - Date.now() + 300;
    if (wait < 0 || wait > TIMER_MAX_MS) return;
    const timer = setTimeout(() => latest.current(), wait);
    return () => clearTimeout(timer);
  }, [at]);
}

/** A length of time in its largest two units. */
export function lasting(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}
