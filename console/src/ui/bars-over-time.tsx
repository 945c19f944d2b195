// Calls over time as bars: who took them, one above the other. Drawn by uPlot, which is loaded when a chart is.
import { useEffect, useRef } from "react";
import type UPlot from "uplot";
import { timeText } from "./time";
import "uplot/dist/uPlot.min.css";

const HEIGHT = 140;
/** Labels are never nearer to each other than this. */
const APART = 72;
/** What a count may go by: never half a call. */
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

export interface Bar {
  /** When it begins, in seconds. */
  at: number;
  ai: number;
  people: number;
}

export function BarsOverTime({
  bars,
  top,
  label,
  onPoint,
}: {
  bars: Bar[];
  /** The highest count there is room for. */
  top: number;
  label: string;
  /** Which bar is pointed at, if one is. */
  onPoint: (index: number | undefined) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>(undefined);
  const latest = useRef({ bars, top, onPoint });
  latest.current = { bars, top, onPoint };

  useEffect(() => {
    const place = frame.current;
    if (place === null) return;
    let gone = false;
    const draw = async () => {
      const { default: Chart } = await import("uplot");
      if (gone) return;
      chart.current?.destroy();
      chart.current = new Chart(options(Chart, place, latest), data(latest.current.bars), place);
    };
    void draw();
    const resized = new ResizeObserver(() => chart.current?.setSize({ width: place.clientWidth, height: HEIGHT }));
    resized.observe(place);
    // The colours of a canvas are those of the moment it was drawn in.
    const redraw = () => void draw();
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", redraw);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      gone = true;
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener("change", redraw);
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, []);

  useEffect(() => chart.current?.setData(data(bars)), [bars]);

  return <div ref={frame} className="bars-over-time" style={{ minHeight: HEIGHT }} role="img" aria-label={label} />;
}

/** The AI's bars stand before those of everybody, so that what is left in sight above them is the people's. */
function data(bars: Bar[]): UPlot.AlignedData {
  return [bars.map(({ at }) => at), bars.map(({ ai, people }) => ai + people), bars.map(({ ai }) => ai)];
}

function options(
  Chart: typeof UPlot,
  place: HTMLElement,
  latest: { current: { top: number; onPoint: (index: number | undefined) => void } },
): UPlot.Options {
  const paint = (role: string) => {
    place.style.color = `var(--${role})`;
    const colour = getComputedStyle(place).color;
    place.style.color = "";
    return colour;
  };
  const [soft, line, ai, people, ink] = [
    paint("soft"),
    paint("line"),
    paint("ai-area"),
    paint("people-area"),
    paint("people"),
  ];
  const paths = Chart.paths.bars?.({ size: [0.8, 28] });
  const bar = (fill: UPlot.Series.Fill): UPlot.Series => ({
    fill,
    width: 0,
    points: { show: false },
    ...(paths === undefined ? {} : { paths }),
  });
  const axis = { stroke: soft, font: `12px ${getComputedStyle(place).fontFamily}` };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { y: { range: () => [0, latest.current.top] } },
    series: [{}, bar(hatched(people, ink)), bar(ai)],
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { show: false },
        space: APART,
        size: 26,
        values: (_, at) => at.map((second) => timeText(new Date(second * 1000).toISOString(), undefined, "clock")),
      },
      { ...axis, grid: { stroke: line, width: 1 }, ticks: { show: false }, size: 34, incrs: COUNTS },
    ],
    hooks: { setCursor: [(drawn) => latest.current.onPoint(drawn.cursor.idx ?? undefined)] },
  };
}

/** Stripes, for eyes that do not tell the colours apart. */
function hatched(ground: string, stripe: string): UPlot.Series.Fill {
  const tile = document.createElement("canvas");
  tile.width = 8;
  tile.height = 8;
  const pen = tile.getContext("2d");
  if (pen === null) return ground;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = stripe;
  pen.lineWidth = 1.5;
  for (const from of [-4, 4, 12]) {
    pen.beginPath();
    pen.moveTo(from - 4, 8);
    pen.lineTo(from + 4, 0);
    pen.stroke();
  }
  return (drawn) => drawn.ctx.createPattern(tile, "repeat") ?? ground;
}
