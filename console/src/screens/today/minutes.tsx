// How many calls each minute of the last hour brought, and who took them: bars for the eyes, a table for everybody.
import { useMemo, useState } from "react";
import type { Minute } from "../../api/schema";
import { type Bar, BarsOverTime } from "../../ui/bars-over-time";
import { count, counted } from "../../ui/phone";
import { timeText } from "../../ui/time";
import { sums, top } from "./sums";

export function Minutes({ minutes }: { minutes: Minute[] }) {
  const [at, setAt] = useState<number>();
  const { ai, people, busiest } = sums(minutes);
  const bars = useMemo(() => minutes.map(barOf), [minutes]);
  const most = top(Math.max(...bars.map((bar) => bar.ai + bar.people), 0));
  const shown = at === undefined ? undefined : minutes[at];
  const clock = (minute: Minute) => timeText(minute.at, undefined, "clock");
  const label =
    `${counted(ai + people, "call")} in the last hour: ${ai} to the AI, ${people} to people or the fallback.` +
    (busiest === undefined ? "" : ` The busiest minute was ${clock(busiest)}.`);
  return (
    <figure className="minutes stack">
      <p className="minutes-legend small">
        <span className="minutes-key ai">AI {count(ai)}</span>
        <span className="minutes-key people">People or fallback {count(people)}</span>
      </p>
      <BarsOverTime bars={bars} top={most} label={label} onPoint={setAt} />
      <p className="small soft">
        {shown !== undefined
          ? `${clock(shown)}: AI ${shown.ai}, people ${shown.fallback}`
          : ai + people === 0
            ? "No call in these minutes"
            : "Point at a minute for its figures"}
      </p>
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

function barOf({ at, ai, fallback }: Minute): Bar {
  return { at: Date.parse(at) / 1000, ai, people: fallback };
}
