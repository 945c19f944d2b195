// Who answers, cut into days: where on the clock of its day each stretch lies, also where the clock is changed.
import { fromAbsolute, parseDate, toZoned } from "@internationalized/date";
import type { Coverage } from "../api/schema";

export type Span = Coverage["spans"][number];
export type Mark = Coverage["marks"][number];

export const DAY_MINUTES = 24 * 60;
const MINUTE_MS = 60_000;

export type Who = "ai" | "people" | "depends";

export interface Piece {
  /** Where it lies on the clock of its day, in minutes since midnight. */
  x0: number;
  x1: number;
  /** Where a clock hour comes twice, its first time stands above its second. */
  lane: "full" | "first" | "second";
  who: Who;
  /** All of the stretch, beyond this day too. */
  span: Span;
}

export interface Row {
  /** `2026-11-30` */
  date: string;
  from: number;
  until: number;
  /** 24, or 23 or 25 where the clock is changed. */
  hours: number;
  pieces: Piece[];
  /** A part of the clock that this day does not have. */
  gap: { x0: number; x1: number } | undefined;
  /** A part of the clock that this day has twice. */
  twice: { x0: number; x1: number } | undefined;
  marks: { x: number; mark: Mark }[];
}

/** A part of a day in which the clock runs evenly. */
interface Even {
  from: number;
  until: number;
  offset: number;
}

export function whoIn(span: Span): Who {
  if (span.quiet.available) return "ai";
  return span.busy.available ? "depends" : "people";
}

export function rowsOf(coverage: Coverage, zone: string): Row[] {
  const first = parseDate(coverage.from.slice(0, 10));
  const spans = coverage.spans.map((span) => ({ span, from: Date.parse(span.from), until: Date.parse(span.until) }));
  return Array.from({ length: coverage.days }, (_, index) => {
    const date = first.add({ days: index });
    const from = toZoned(date, zone).toDate().getTime();
    const until = toZoned(date.add({ days: 1 }), zone)
      .toDate()
      .getTime();
    const midnight = Date.UTC(date.year, date.month - 1, date.day);
    const evens = evenParts(from, until, zone);
    const clock = (at: number, offset: number) => (at + offset - midnight) / MINUTE_MS;
    const pieces = evens.flatMap((even) =>
      spans
        .filter((one) => one.from < even.until && one.until > even.from)
        .map((one) => ({
          x0: clock(Math.max(one.from, even.from), even.offset),
          x1: clock(Math.min(one.until, even.until), even.offset),
          lane: "full" as const,
          who: whoIn(one.span),
          span: one.span,
          even,
        })),
    );
    const change = changeOf(evens, clock, from);
    return {
      date: date.toString(),
      from,
      until,
      hours: (until - from) / (60 * MINUTE_MS),
      pieces: change.twice === undefined ? pieces : stacked(pieces, change.twice, evens[0]),
      gap: change.gap,
      twice: change.twice,
      marks: coverage.marks
        .map((mark) => ({ mark, at: Date.parse(mark.at) }))
        .filter(({ at }) => from <= at && at < until)
        .map(({ mark, at }) => ({ mark, x: clock(at, offsetAt(at, zone)) })),
    };
  });
}

function offsetAt(at: number, zone: string): number {
  return fromAbsolute(at, zone).offset;
}

function evenParts(from: number, until: number, zone: string): Even[] {
  const [before, after] = [offsetAt(from, zone), offsetAt(until - 1, zone)];
  if (before === after) return [{ from, until, offset: before }];
  let [low, high] = [from, until];
  while (high - low > MINUTE_MS) {
    const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetAt(middle, zone) === before) low = middle;
    else high = middle;
  }
  return [
    { from, until: high, offset: before },
    { from: high, until, offset: after },
  ];
}

/** What a change of the clock does to its face: a part that is missing, or one that comes twice. */
function changeOf(evens: Even[], clock: (at: number, offset: number) => number, dayFrom: number) {
  const [first, second] = evens;
  if (first === undefined) return {};
  const begins = clock(dayFrom, first.offset);
  if (begins > 0) return { gap: { x0: 0, x1: begins } };
  if (second === undefined) return {};
  const [ends, goesOn] = [clock(first.until, first.offset), clock(second.from, second.offset)];
  if (goesOn > ends) return { gap: { x0: ends, x1: goesOn } };
  return { twice: { x0: goesOn, x1: ends } };
}

/** Cuts what lies in the part that comes twice, and puts it into its lane. */
function stacked(
  pieces: (Piece & { even: Even })[],
  twice: { x0: number; x1: number },
  first: Even | undefined,
): Piece[] {
  return pieces.flatMap((piece) => {
    const lane = piece.even === first ? ("first" as const) : ("second" as const);
    const cuts = [
      { x0: piece.x0, x1: Math.min(piece.x1, twice.x0), lane: "full" as const },
      { x0: Math.max(piece.x0, twice.x0), x1: Math.min(piece.x1, twice.x1), lane },
      { x0: Math.max(piece.x0, twice.x1), x1: piece.x1, lane: "full" as const },
    ];
    return cuts.filter((cut) => cut.x0 < cut.x1).map((cut) => ({ ...piece, ...cut }));
  });
}

/** What the clock of a row shows at an instant, in minutes since its midnight. */
export function clockAt(row: Row, at: number, zone: string): number {
  return (at + offsetAt(at, zone) - Date.parse(`${row.date}T00:00:00Z`)) / MINUTE_MS;
}

/** The piece of a row at a minute of its clock, or the one nearest to it. */
export function pieceAt(row: Row, x: number): number {
  const found = row.pieces.findIndex((piece) => piece.x0 <= x && x < piece.x1);
  if (found >= 0) return found;
  return row.pieces.length === 0 || x < (row.pieces[0]?.x0 ?? 0) ? 0 : row.pieces.length - 1;
}
