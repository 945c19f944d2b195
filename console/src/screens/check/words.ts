// What the check tells, sorted for people: the worst first, what belongs together beside each other.
import type { CheckFinding } from "../../api/schema";
import type { Tone } from "../../ui/badge";

export const GRADES: Record<CheckFinding["grade"], { text: string; tone: Tone; order: number }> = {
  fault: { text: "Fault", tone: "bad", order: 0 },
  warning: { text: "Warning", tone: "warn", order: 1 },
  ok: { text: "Well", tone: "good", order: 2 },
};

const GROUPS: [name: string, subjects: RegExp][] = [
  ["How calls come in", /^(edge|sip|numbers)/],
  ["Twilio", /^twilio/],
  ["Vapi", /^vapi/],
  ["What is kept, and where", /^(store|secrets|spool|live|log|backup)/],
  ["Administration", /^(admin|policy|webhooks|brand)/],
];

interface Group {
  name: string;
  checks: CheckFinding[];
}

/** Groups with the worst first; in each the worst first too. */
export function grouped(checks: CheckFinding[]): Group[] {
  const groups = new Map<string, CheckFinding[]>();
  for (const check of checks) {
    const name = GROUPS.find(([, subjects]) => subjects.test(check.subject))?.[0] ?? "Other";
    groups.set(name, [...(groups.get(name) ?? []), check]);
  }
  const order = (check: CheckFinding) => GRADES[check.grade].order;
  const sorted = [...groups].map(([name, of]) => ({ name, checks: of.toSorted((a, b) => order(a) - order(b)) }));
  const worst = ({ checks: of }: Group) => Math.min(...of.map(order));
  return sorted.toSorted((a, b) => worst(a) - worst(b));
}

/** Where a setting is written: in the file, or in the environment. Undefined where the subject is no setting. */
export function whereToSet(subject: string): { file: string; env: string } | undefined {
  const found = /^([a-z]+)\.([a-z_]+)(?:\.([a-z_]+))?$/.exec(subject);
  if (found === null) return undefined;
  const [, section = "", key = "", inner] = found;
  const names = inner === undefined ? [section, key] : [section, key, inner];
  return { file: `[${section}] ${names.slice(1).join(".")}`, env: `PATCHBAY_${names.join("__").toUpperCase()}` };
}
