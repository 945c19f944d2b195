// How many calls found how many others, and which of them a threshold leads to the AI.
import { useId } from "react";
import type { Concurrency } from "../../api/schema";
import { count, counted } from "../../ui/phone";

const HEIGHT = 132;
const ROOM = 18;

export function BusyPicture({
  distribution,
  threshold,
  max,
}: {
  distribution: Concurrency["distribution"];
  threshold: number;
  max: number;
}) {
  const lines = useId();
  const places = Array.from({ length: max + 1 }, (_, others) => ({
    others,
    calls: distribution.find((one) => one.others === others)?.calls ?? 0,
  }));
  const most = Math.max(1, ...places.map((one) => one.calls));
  const step = 100 / places.length;
  const tall = (calls: number) => (calls === 0 ? 0 : Math.max(2, (calls / most) * (HEIGHT - ROOM)));
  return (
    <figure className="busy">
      <svg height={HEIGHT + 18} role="img" aria-label="Calls by how many others were waiting when they came">
        <defs>
          <pattern id={lines} width="8" height="8" patternUnits="userSpaceOnUse">
            <rect width="8" height="8" className="area people" />
            <path d="M-2 10 10-2M-6 6 6-6M2 14 14 2" className="lines" />
          </pattern>
        </defs>
        {places.map(({ others, calls }) => (
          <g key={others}>
            <rect
              x={`${others * step + step * 0.12}%`}
              width={`${step * 0.76}%`}
              y={HEIGHT - tall(calls)}
              height={tall(calls)}
              rx="2"
              className={others >= threshold ? "area ai" : undefined}
              fill={others >= threshold ? undefined : `url(#${lines})`}
            >
              <title>
                {counted(calls, "call")} found {counted(others, "other")}
              </title>
            </rect>
            {calls > 0 && (
              <text x={`${(others + 0.5) * step}%`} y={HEIGHT - tall(calls) - 5} textAnchor="middle">
                {count(calls)}
              </text>
            )}
            <text x={`${(others + 0.5) * step}%`} y={HEIGHT + 14} textAnchor="middle" className="soft-text">
              {others}
            </text>
          </g>
        ))}
        <line className="busy-ground" x2="100%" y1={HEIGHT} y2={HEIGHT} />
        {threshold <= max && (
          <line className="busy-threshold" x1={`${threshold * step}%`} x2={`${threshold * step}%`} y2={HEIGHT} />
        )}
      </svg>
      <figcaption className="small soft">
        Calls of the last 30 days, by how many others were waiting. To the right of the line they go to the AI.
      </figcaption>
      <details className="small">
        <summary>As a table</summary>
        <table className="busy-table">
          <thead>
            <tr>
              <th scope="col">Others waiting</th>
              <th scope="col">Calls</th>
            </tr>
          </thead>
          <tbody>
            {distribution.map(({ others, calls }) => (
              <tr key={others}>
                <td>{others}</td>
                <td>{count(calls)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
