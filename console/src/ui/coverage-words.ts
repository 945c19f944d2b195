// The words of the coverage picture: who answers in a stretch, why, and from when to when.
import type { Piece, Row, Span, Who } from "./coverage-rows";
import { reasonText } from "./reasons";

const low = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** What each of the three is called, and what it says of a stretch. */
export const WHO: Record<Who, { name: string; says: (span: Span, threshold: number | null) => string }> = {
  ai: {
    name: "The AI answers",
    says: ({ quiet }) => `The AI answers: ${low(reasonText(quiet.reason))}`,
  },
  people: {
    name: "People or voicemail",
    says: ({ quiet }) => `The AI does not answer: ${low(reasonText(quiet.reason))}`,
  },
  depends: {
    name: "Depends on how many call",
    says: ({ quiet }, threshold) =>
      `Fewer than ${threshold ?? 0} other calls: the AI does not answer (${low(reasonText(quiet.reason))}). From ${threshold ?? 0} on it does`,
  },
};

/** `09:05` */
export function clockText(minutes: number): string {
  const whole = Math.round(minutes);
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

const SHORT = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
const LONG = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  timeZone: "UTC",
});

/** A day of the calendar, in no zone. */
export function dateText(date: string, as: "short" | "long" = "short"): string {
  return (as === "short" ? SHORT : LONG).format(new Date(`${date}T00:00:00Z`));
}

const formats = new Map<string, Intl.DateTimeFormat>();

export function momentText(at: string, zone: string): string {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(undefined, {
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone: zone,
    });
    formats.set(zone, format);
  }
  return format.format(new Date(at));
}

export function spanText(span: Span, zone: string): string {
  return `${momentText(span.from, zone)} – ${momentText(span.until, zone)}`;
}

/** All that a piece shows, for whoever hears it. */
export function pieceText(piece: Piece, row: Row, zone: string, threshold: number | null): string {
  const hours = `${clockText(piece.x0)} to ${clockText(piece.x1)}`;
  const again = piece.lane === "second" ? ", the hour that comes twice" : "";
  return `${dateText(row.date)}, ${hours}${again}: ${WHO[piece.who].says(piece.span, threshold)} (${spanText(piece.span, zone)})`;
}
