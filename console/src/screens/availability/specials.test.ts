// Special days and rules: which one rules a day, and that they are written as they were read.
import { describe, expect, test } from "vitest";
import { readRules, withGroup } from "./rules";
import { readSpecials, ruling, type Special, withoutSpecial, withSpecial } from "./specials";

const hours = {
  schedule: {},
  holidays: ["2026-12-25", "--01-01"],
  exceptions: [
    { from: "2026-12-20", to: "2026-12-31", hours: null, name: "Break" },
    { date: "2026-12-24", hours: { open: "09:00", close: "12:00" }, colour: "red" },
    { from: "2026-12-28", to: "2026-12-29", hours: [{ open: "00:00", close: "24:00" }] },
  ],
};

const fresh = (first: string, more: Partial<Special> = {}): Special => ({
  source: undefined,
  first,
  last: first,
  yearly: false,
  hours: [],
  name: "",
  given: {},
  ...more,
});

describe("special days", () => {
  test("a day beats a range, a later entry an earlier, an exception a holiday", () => {
    const specials = readSpecials(hours);
    const name = (date: string) => {
      const found = ruling(specials, date);
      return found && `${found.source?.list} ${found.source?.index}`;
    };
    expect(name("2026-12-24")).toBe("exceptions 1");
    expect(name("2026-12-25")).toBe("exceptions 0");
    expect(name("2026-12-28")).toBe("exceptions 2");
    expect(name("2031-01-01")).toBe("holidays 1");
    expect(name("2027-12-25")).toBeUndefined();
  });

  test("closed for a day without a name is a holiday, with one an exception", () => {
    expect(withSpecial(undefined, fresh("2026-07-01")).businessHours).toEqual({ holidays: ["2026-07-01"] });
    expect(withSpecial({}, fresh("2026-07-01", { yearly: true })).businessHours).toEqual({ holidays: ["--07-01"] });
    expect(withSpecial({}, fresh("2026-07-01", { name: "Canada Day" })).businessHours).toEqual({
      exceptions: [{ date: "2026-07-01", hours: null, name: "Canada Day" }],
    });
    expect(withSpecial({}, fresh("2026-07-01", { last: "2026-07-03" })).businessHours).toEqual({
      exceptions: [{ from: "2026-07-01", to: "2026-07-03", hours: null }],
    });
  });

  test("what else an exception holds is kept, and its place", () => {
    const special = readSpecials(hours).find((one) => one.source?.list === "exceptions" && one.source.index === 1);
    if (special === undefined) throw new Error("it is there");
    const { businessHours, source } = withSpecial(hours, { ...special, name: "Eve" });
    expect(source).toEqual(special.source);
    expect((businessHours.exceptions as unknown[])[1]).toEqual({
      date: "2026-12-24",
      colour: "red",
      hours: { open: "09:00", close: "12:00" },
      name: "Eve",
    });
  });

  test("a holiday that gets hours goes to the exceptions", () => {
    const [christmas] = readSpecials(hours);
    if (christmas === undefined) throw new Error("it is there");
    const { businessHours, source } = withSpecial(hours, {
      ...christmas,
      hours: [{ from: 600, to: 720, given: {} }],
    });
    expect(businessHours.holidays).toEqual(["--01-01"]);
    expect(source).toEqual({ list: "exceptions", index: 3 });
    expect(withoutSpecial(businessHours, source).exceptions).toEqual(hours.exceptions);
  });
});

describe("rules", () => {
  const rule = (dayOfWeek: number, startTime = "12:00", more = {}) => ({
    dayOfWeek,
    startTime,
    endTime: "13:00",
    action: "enable",
    ...more,
  });

  test("those that differ in their day alone are one group", () => {
    const groups = readRules([rule(1), rule(2, "22:00"), rule(0), rule(3, "12:00", { note: "x" })]);
    expect(groups.map(({ days, from, to, indexes }) => ({ days, from, to, indexes }))).toEqual([
      { days: [0, 6], from: 720, to: 780, indexes: [0, 2] },
      { days: [1], from: 1320, to: 2220, indexes: [1] },
      { days: [2], from: 720, to: 780, indexes: [3] },
    ]);
  });

  test("a group is written where it was, unknown rules stay", () => {
    const rules = [{ odd: true }, rule(1), rule(2, "22:00"), rule(0)];
    const [first] = readRules(rules);
    if (first === undefined) throw new Error("it is there");
    expect(withGroup(rules, { ...first, days: [0, 1] })).toEqual([{ odd: true }, rule(1), rule(2), rule(2, "22:00")]);
    expect(withGroup(rules, { ...first, days: [] })).toEqual([{ odd: true }, rule(2, "22:00")]);
  });

  test("a new group comes last", () => {
    const group = { indexes: [], days: [6], from: 0, to: 1440, action: "disable" as const, given: {} };
    expect(withGroup(null, group)).toEqual([{ dayOfWeek: 0, startTime: "00:00", endTime: "24:00", action: "disable" }]);
  });
});
