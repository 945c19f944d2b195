// The rules of the custom schedule. Those that differ in their weekday alone are seen, and changed, as one.
import { DAY_MINUTES, minuteOf, timeOf } from "./days";
import { same } from "./settings";

export type Action = "enable" | "disable";

export interface RuleGroup {
  /** Which rules of the list it stands for. */
  indexes: number[];
  /** 0 is Monday here; the settings count from Sunday. */
  days: number[];
  from: number;
  /** Beyond the day where it runs over midnight. */
  to: number;
  action: Action;
  /** What else the rules hold. */
  given: Record<string, unknown>;
}

const fromSunday = (day: number) => (day + 1) % 7;
const fromMonday = (day: number) => (day + 6) % 7;

export function readRules(rules: unknown): RuleGroup[] {
  const groups: RuleGroup[] = [];
  (Array.isArray(rules) ? rules : []).forEach((rule: unknown, index) => {
    const read = readRule(rule, index);
    if (read === undefined) return;
    const alike = groups.find(
      (group) =>
        group.from === read.from &&
        group.to === read.to &&
        group.action === read.action &&
        same(group.given, read.given),
    );
    if (alike === undefined) {
      groups.push(read);
      return;
    }
    alike.indexes.push(index);
    alike.days = [...new Set([...alike.days, ...read.days])].sort((a, b) => a - b);
  });
  return groups;
}

function readRule(rule: unknown, index: number): RuleGroup | undefined {
  if (typeof rule !== "object" || rule === null) return undefined;
  const { dayOfWeek, startTime, endTime, action, ...given } = rule as Record<string, unknown>;
  const [from, end] = [minuteOf(String(startTime)), minuteOf(String(endTime))];
  if (typeof dayOfWeek !== "number" || from === undefined || end === undefined) return undefined;
  if (action !== "enable" && action !== "disable") return undefined;
  const to = end < from ? end + DAY_MINUTES : end;
  return { indexes: [index], days: [fromMonday(dayOfWeek)], from, to, action, given };
}

function written({ days, from, to, action, given }: RuleGroup): Record<string, unknown>[] {
  return days.map((day) => ({
    dayOfWeek: fromSunday(day),
    startTime: timeOf(from),
    endTime: timeOf(to),
    action,
    ...given,
  }));
}

/** The list with a group as it is now, in the place it had; a new group comes last, one without days goes. */
export function withGroup(rules: unknown, group: RuleGroup): unknown[] {
  const list: unknown[] = Array.isArray(rules) ? rules : [];
  const first = group.indexes[0] ?? list.length;
  const stays = (index: number) => !group.indexes.includes(index);
  return [
    ...list.slice(0, first).filter((_, index) => stays(index)),
    ...written(group),
    ...list.slice(first).filter((_, index) => stays(index + first)),
  ];
}
