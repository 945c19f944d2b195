// How many calls each minute of the last hour brought, and who took them: bars for the eyes, a table for everybody.
import { useId, useState } from "react";
import type { Minute } from "../../api/schema";
import { count, counted } from "../../ui/phone";
import { timeText } from "../../ui/time";
import { sums, top } from "./sums";

const WIDTH = 600;
const HEIGHT = 120;
/** Between two bars, in the picture's own units. */
const GAP = 2;

export function Minutes({ minutes }: { minutes: Minute[] }) {
  const hatch = useId();
  const [at, setAt] = useState<number>();
  const { ai, people, busiest } = sums(minutes);
  const most = top(Math.max(...minutes.map((minute) => minute.ai + minute.fallback), 0));
  const step = WIDTH / Math.max(minutes.length, 1);
  const shown = at === undefined ? undefined : minutes[at];
  const clock = (minute: Minute | undefined) => (minute === undefined ? "" : timeText(minute.at, undefined, "clock"));
  return (
    <figure className="minutes stack">
      <p className="minutes-legend small">
        <span className="minutes-key ai">AI {count(ai)}</span>
        <span className="minutes-key people">People or fallback {count(people)}</span>
      </p>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${counted(ai + people, "call")} in the last hour: ${ai} to the AI, ${people} to people or the fallback.${
          busiest === undefined ? "" : ` The busiest minute was ${clock(busiest)}.`
        }`}
        preserveAspectRatio="none"
        onPointerLeave={() => setAt(undefined)}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(Math.min(minutes.length - 1, Math.floor(((event.clientX - box.left) / box.width) * minutes.length)));
        }}
      >
        <defs>
          <pattern id={hatch} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="4" height="4" className="bar-people" />
            <rect width="1.2" height="4" className="bar-hatch" />
          </pattern>
        </defs>
        <line className="minutes-line" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {minutes.map((minute, index) => {
          const high = (minute.ai / most) * HEIGHT;
          const higher = (minute.fallback / most) * HEIGHT;
          return (
            <g key={minute.at} className={index === at ? "bar-at" : undefined}>
              <rect className="bar-ground" x={index * step} width={step} y="0" height={HEIGHT} />
              <rect className="bar-ai" x={index * step + GAP / 2} width={step - GAP} y={HEIGHT - high} height={high} />
              <rect
                fill={`url(#${hatch})`}
                x={index * step + GAP / 2}
                width={step - GAP}
                y={HEIGHT - high - higher}
                height={higher}
              />
            </g>
          );
        })}
      </svg>
      <div className="row apart small soft">
        <span>{clock(minutes[0])}</span>
        <span>
          {shown === undefined
            ? ai + people === 0
              ? "No call in these minutes"
              : `up to ${most} a minute`
            : `${clock(shown)}: AI ${shown.ai}, people ${shown.fallback}`}
        </span>
        <span>{clock(minutes.at(-1))}</span>
      </div>
      <details className="small">
        <summary>The same as a table</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <section className="minutes-table table-frame" tabIndex={0} aria-label="Calls a minute">
          <table>
            <thead>
              <tr>
                <th scope="col">Minute</th>
                <th scope="col" className="number">
                  AI
                </th>
                <th scope="col" className="number">
                  People or fallback
                </th>
              </tr>
            </thead>
            <tbody>
              {minutes
                .filter((minute) => minute.ai + minute.fallback > 0)
                .map((minute) => (
                  <tr key={minute.at}>
                    <td>{clock(minute)}</td>
                    <td className="number">{count(minute.ai)}</td>
                    <td className="number">{count(minute.fallback)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </section>
      </details>
    </figure>
  );
}
