// Hours and rules in few words: `Mon–Fri 9:00–17:00 and Sat 10:00–14:00`.
import { DAY_MINUTES, timeOf } from "./days";
import type { RuleGroup } from "./rules";
import { DAY_SHORT, type Interval, type Stretch } from "./week";

/** `a, b and c` */
export function listed(words: string[], last = "and"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}

/** `9:00–17:00` */
export function stretchWords({ from, to }: Pick<Stretch, "from" | "to">): string {
  if (from === 0 && to === DAY_MINUTES) return "all day";
  return `${shortTime(from)}–${shortTime(to)}`;
}

function shortTime(minute: number): string {
  return timeOf(minute).replace(/^0(\d)/, "$1");
}

/** `Mon–Fri`, `Mon, Wed, Fri`, `every day`; days are counted from Monday. */
export function daysWords(days: number[]): string {
  const sorted = [...new Set(days)].sort((a, b) => a - b);
  if (sorted.length === 7) return "every day";
  const runs: number[][] = [];
  for (const day of sorted) {
    const last = runs.at(-1);
    if (last?.at(-1) === day - 1) last.push(day);
    else runs.push([day]);
  }
  return runs
    .flatMap((run) => {
      const [first, end] = [DAY_SHORT[run[0] ?? 0], DAY_SHORT[run.at(-1) ?? 0]];
      return run.length > 2 ? [`${first}–${end}`] : run.map((day) => DAY_SHORT[day]);
    })
    .join(", ");
}

/** Days of equal hours are told together. */
export function weekWords(week: Interval[]): string {
  const byHours = new Map<string, number[]>();
  for (let day = 0; day < 7; day++) {
    const hours = week.filter((one) => one.day === day);
    if (hours.length === 0) continue;
    const words = hours.map(stretchWords).join(", ");
    byHours.set(words, [...(byHours.get(words) ?? []), day]);
  }
  return joined([...byHours].map(([hours, days]) => `${daysWords(days)} ${hours}`));
}

export function rulesWords(groups: RuleGroup[]): string {
  return joined(groups.map((group) => `${daysWords(group.days)} ${stretchWords(group)}`));
}

/** Two plain ones by “and”; where there are more, or commas inside, the semicolon keeps them apart. */
function joined(groups: string[]): string {
  const plain = groups.length < 3 && !groups.some((group) => group.includes(","));
  return groups.join(plain ? " and " : "; ");
}
