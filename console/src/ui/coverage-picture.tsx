// Who answers when, as a picture: a row for each day, the 24 hours of its clock across, and the same as a table.
import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react";
import type { Coverage } from "../api/schema";
import { clockAt, DAY_MINUTES, type Piece, pieceAt, type Row, rowsOf, type Who } from "./coverage-rows";
import { CoverageTable } from "./coverage-table";
import { clockText, dateText, pieceText, spanText, WHO } from "./coverage-words";
import { useNow } from "./time";
import "./coverage-picture.css";

interface Place {
  row: number;
  piece: number;
}

/** `zone` is whose clock the days are drawn by: mostly the coverage's own. */
export function CoveragePicture({ coverage, zone, compact }: { coverage: Coverage; zone: string; compact?: boolean }) {
  const rows = useMemo(() => rowsOf(coverage, zone), [coverage, zone]);
  const now = useNow(30_000);
  const [shown, setShown] = useState<Place>();
  const [focus, setFocus] = useState<Place>({ row: 0, piece: 0 });
  const frame = useRef<HTMLDivElement>(null);
  const patterns = useId();

  const at = placeOf(rows, now);
  const told = pieceOf(rows, shown) ?? pieceOf(rows, at);
  const move = (to: Place) => {
    setFocus(to);
    setShown(to);
    frame.current?.querySelector<SVGElement>(`[data-place="${to.row}.${to.piece}"]`)?.focus();
  };
  const key = (event: KeyboardEvent) => {
    const to = stepped(rows, shown ?? focus, event.key);
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  };
  const tabStop = pieceOf(rows, focus) === undefined ? { row: 0, piece: 0 } : focus;
  const kinds = new Set<Who>(rows.flatMap((row) => row.pieces.map((piece) => piece.who)));

  return (
    <div className={compact === true ? "coverage compact" : "coverage"}>
      <Legend kinds={kinds} patterns={patterns} />
      <div
        ref={frame}
        className="coverage-days"
        role="group"
        aria-label="Who answers when. Arrow keys go from stretch to stretch."
        onPointerLeave={() => setShown(undefined)}
        onBlur={() => setShown(undefined)}
        onKeyDown={key}
      >
        <Axis compact={compact === true} />
        {rows.map((row, index) => (
          <DayRow
            key={row.date}
            at={index}
            row={row}
            patterns={patterns}
            height={compact === true ? 14 : 22}
            now={at?.row === index ? clockAt(row, now, zone) : undefined}
            shown={shown?.row === index ? shown.piece : undefined}
            tabStop={tabStop.row === index ? tabStop.piece : undefined}
            label={(piece) => pieceText(piece, row, zone, coverage.threshold)}
            onShow={(piece) => setShown({ row: index, piece })}
            onFocus={(piece) => {
              setFocus({ row: index, piece });
              setShown({ row: index, piece });
            }}
          />
        ))}
      </div>
      <p className="coverage-told small">
        {told === undefined ? (
          <span className="soft">Point at a stretch to read why, or go through them with the arrow keys.</span>
        ) : (
          <>
            <strong>{shown === undefined ? "Now" : spanText(told.span, zone)}</strong>{" "}
            {WHO[told.who].says(told.span, coverage.threshold)}
          </>
        )}
      </p>
      <Marks coverage={coverage} rows={rows} />
      <CoverageTable coverage={coverage} zone={zone} />
    </div>
  );
}

function pieceOf(rows: Row[], place: Place | undefined): Piece | undefined {
  return place === undefined ? undefined : rows[place.row]?.pieces[place.piece];
}

/** Where an instant is in the picture. */
function placeOf(rows: Row[], at: number): Place | undefined {
  const row = rows.findIndex((one) => one.from <= at && at < one.until);
  const day = rows[row];
  if (day === undefined) return undefined;
  const piece = day.pieces.findIndex(({ span }) => Date.parse(span.from) <= at && at < Date.parse(span.until));
  return { row, piece };
}

/** Where an arrow key leads. */
function stepped(rows: Row[], from: Place, key: string): Place | undefined {
  const row = rows[from.row];
  const piece = row?.pieces[from.piece];
  if (row === undefined || piece === undefined) return undefined;
  const other = (by: number, x: (day: Row) => number): Place | undefined => {
    const day = rows[from.row + by];
    return day === undefined ? undefined : { row: from.row + by, piece: pieceAt(day, x(day)) };
  };
  switch (key) {
    case "ArrowRight":
      return from.piece + 1 < row.pieces.length ? { ...from, piece: from.piece + 1 } : other(1, () => 0);
    case "ArrowLeft":
      return from.piece > 0 ? { ...from, piece: from.piece - 1 } : other(-1, () => DAY_MINUTES - 1);
    case "ArrowDown":
      return other(1, () => (piece.x0 + piece.x1) / 2);
    case "ArrowUp":
      return other(-1, () => (piece.x0 + piece.x1) / 2);
    case "Home":
      return { row: 0, piece: 0 };
    case "End":
      return { row: rows.length - 1, piece: (rows.at(-1)?.pieces.length ?? 1) - 1 };
    default:
      return undefined;
  }
}

const percent = (x: number) => `${(x / DAY_MINUTES) * 100}%`;

function DayRow({
  at,
  row,
  patterns,
  height,
  now,
  shown,
  tabStop,
  label,
  onShow,
  onFocus,
}: {
  /** The how many-th row it is. */
  at: number;
  row: Row;
  patterns: string;
  height: number;
  /** The present minute, on the row of today. */
  now: number | undefined;
  shown: number | undefined;
  tabStop: number | undefined;
  label: (piece: Piece) => string;
  onShow: (piece: number) => void;
  onFocus: (piece: number) => void;
}) {
  const monday = new Date(`${row.date}T00:00:00Z`).getUTCDay() === 1;
  const lanes = { full: [0, height], first: [0, height / 2], second: [height / 2, height / 2] } as const;
  const marked = row.marks.length > 0;
  return (
    <div className={monday ? "coverage-row begins-week" : "coverage-row"}>
      <div className={now === undefined ? "coverage-day" : "coverage-day today"} aria-hidden="true">
        {dateText(row.date)}
        {marked && <span className="coverage-mark"> ◆</span>}
      </div>
      <svg height={height} role="group" aria-label={dateText(row.date, "long")}>
        {row.pieces.map((piece, index) => {
          const [y, tall] = lanes[piece.lane];
          return (
            // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes the focus to be read, nothing is done with it
            <rect
              key={`${piece.x0} ${piece.lane}`}
              data-place={`${at}.${index}`}
              data-who={piece.who}
              className={`coverage-piece ${piece.who}${shown === index ? " shown" : ""}`}
              fill={`url(#${patterns}${piece.who})`}
              x={percent(piece.x0)}
              width={percent(piece.x1 - piece.x0)}
              y={y}
              height={tall}
              role="img"
              aria-label={label(piece)}
              tabIndex={tabStop === index ? 0 : -1}
              onPointerEnter={() => onShow(index)}
              onFocus={() => onFocus(index)}
            />
          );
        })}
        {row.gap !== undefined && (
          <rect
            className="coverage-gap"
            x={percent(row.gap.x0)}
            width={percent(row.gap.x1 - row.gap.x0)}
            height={height}
          >
            <title>
              The clock has no {clockText(row.gap.x0)} to {clockText(row.gap.x1)} on this day
            </title>
          </rect>
        )}
        {row.twice !== undefined && (
          <line
            className="coverage-twice"
            x1={percent(row.twice.x0)}
            x2={percent(row.twice.x1)}
            y1={height / 2}
            y2={height / 2}
          />
        )}
        {[1, 2, 3].map((quarter) => (
          <line key={quarter} className="coverage-line" x1={`${quarter * 25}%`} x2={`${quarter * 25}%`} y2={height} />
        ))}
        {row.marks
          .filter(({ mark }) => mark.kind === "clock-change" || mark.kind === "override")
          .map(({ x, mark }) => (
            <line key={mark.at + mark.kind} className="coverage-tick" x1={percent(x)} x2={percent(x)} y2={height} />
          ))}
        {now !== undefined && <line className="coverage-now" x1={percent(now)} x2={percent(now)} y2={height} />}
      </svg>
    </div>
  );
}

function Axis({ compact }: { compact: boolean }) {
  return (
    <div className="coverage-row coverage-axis" aria-hidden="true">
      <div />
      <div>
        {(compact ? [0, 6, 12, 18, 24] : [0, 3, 6, 9, 12, 15, 18, 21, 24]).map((hour) => (
          <span
            key={hour}
            className={hour % 6 === 0 ? undefined : "wide-only"}
            style={{ left: `${(hour / 24) * 100}%` }}
          >
            {hour}
          </span>
        ))}
      </div>
    </div>
  );
}

/** What each fill means. The fills differ in their pattern too, for whoever does not see colours. */
function Legend({ kinds, patterns }: { kinds: Set<Who>; patterns: string }) {
  return (
    <ul className="coverage-legend list-plain small" aria-label="Legend">
      {(["ai", "people", "depends"] as const)
        .filter((who) => who !== "depends" || kinds.has(who))
        .map((who) => (
          <li key={who}>
            <svg width="22" height="12" aria-hidden="true">
              <defs>
                <pattern id={`${patterns}${who}`} width="8" height="8" patternUnits="userSpaceOnUse">
                  <rect width="8" height="8" className={`area ${who}`} />
                  {who === "people" && <path d="M-2 10 10-2M-6 6 6-6M2 14 14 2" className="lines" />}
                  {who === "depends" && <path d="M2 2h1.6v1.6h-1.6zM6 6h1.6v1.6h-1.6z" className="dots" />}
                </pattern>
              </defs>
              <rect width="22" height="12" rx="2" fill={`url(#${patterns}${who})`} />
            </svg>
            {WHO[who].name}
          </li>
        ))}
    </ul>
  );
}

function Marks({ coverage, rows }: { coverage: Coverage; rows: Row[] }) {
  if (coverage.marks.length === 0) return null;
  return (
    <ul className="coverage-marks list-plain small" aria-label="Marked days">
      {rows.flatMap((row) =>
        row.marks.map(({ x, mark }) => (
          <li key={mark.at + mark.kind + mark.label}>
            <span className="coverage-mark" aria-hidden="true">
              ◆
            </span>{" "}
            <span className="strong">{dateText(row.date)}</span>
            {x > 0 && ` ${clockText(x)}`} <span className="soft">{mark.label}</span>
          </li>
        )),
      )}
    </ul>
  );
}
